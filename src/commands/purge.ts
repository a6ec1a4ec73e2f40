import { systemClock } from '../clock.ts';
import { ConfigError, environment, readConfig } from '../config.ts';
import { openPostgres } from '../db/client.ts';
import { purgeExpired } from '../domain/retention/purge-expired.ts';
import { createLog, describeError } from '../observability/log.ts';
import { fail } from './fail.ts';

/** Milliseconds: a batch takes a few. */
const statementTimeoutMs = 10_000;

/** Removes what is over from DATABASE_URL, until nothing is left, and says how much it was. Running servers do so by themselves. */
export async function purge(): Promise<void> {
  try {
    const config = readConfig(environment(), { mode: 'production' });
    if (config.databaseUrl === null) return fail('DATABASE_URL is not set.');
    const database = openPostgres({
      url: config.databaseUrl,
      maxConnections: 1,
      applicationName: 'latchkey-purge',
      statementTimeoutMs,
    });
    try {
      const counts = await purgeExpired({ config, db: database.db, clock: systemClock, log: createLog(config) });
      for (const [kind, count] of Object.entries(counts)) process.stdout.write(`${kind}: ${count}\n`);
    } finally {
      await database.close();
    }
  } catch (error) {
    fail(error instanceof ConfigError ? error.message : `The purge failed: ${JSON.stringify(describeError(error))}`);
  }
}
