import { ConfigError, environment, readDatabaseConfig } from '../config/read-config.ts';
import { migratePostgres } from '../db/migrate.ts';
import { describeError } from '../observability/log.ts';
import { explainDatabase } from './explain.ts';
import { fail, tell } from './fail.ts';

/**
 * Applies missing migrations to DATABASE_URL, under the lock that starting servers take too. It
 * reads no other secret: a job that migrates need not have them.
 */
export async function migrate(): Promise<void> {
  try {
    await migratePostgres(readDatabaseConfig(environment()).url, tell);
    process.stdout.write('The database is up to date.\n');
  } catch (error) {
    if (error instanceof ConfigError) return fail(error.message);
    fail(explainDatabase(error) ?? `The migration failed: ${JSON.stringify(describeError(error))}`);
  }
}
