import { ConfigError, environment, readConfig } from '../config/read-config.ts';
import { migratePostgres } from '../db/migrate.ts';
import { describeError } from '../observability/log.ts';
import { fail, tell } from './fail.ts';

/** Applies missing migrations to DATABASE_URL, under the lock that starting servers take too. */
export async function migrate(): Promise<void> {
  try {
    const config = readConfig(environment(), { mode: 'production' });
    if (config.databaseUrl === null) return fail('DATABASE_URL is not set.');
    await migratePostgres(config.databaseUrl, tell);
    process.stdout.write('The database is up to date.\n');
  } catch (error) {
    fail(
      error instanceof ConfigError
        ? error.message
        : `The migration failed: ${JSON.stringify(describeError(error))}`,
    );
  }
}
