import type { Logger } from 'pino';
import type { App } from '../app.ts';
import { type Clock, systemClock } from '../clock.ts';
import { type Config, ConfigError, environment, readConfig } from '../config/read-config.ts';
import { type Database, type Db, openPostgres } from '../db/driver/client.ts';
import { inTransaction } from '../db/driver/transaction.ts';
import { migratePostgres } from '../db/migrate.ts';
import { createLog, describeError } from '../observability/log.ts';
import { type Metrics, noMetrics } from '../observability/metrics.ts';
import { type Random, systemRandom } from '../random.ts';
import { createSecretKeys, type SecretKeys } from '../secret-keys.ts';
import { explainDatabase } from './explain.ts';
import { fail, tell } from './fail.ts';

/**
 * The part of an App that a command on the database has. There is no caller and no client address.
 */
export type CommandApp = {
  readonly config: Config;
  readonly database: Database;
  readonly db: Db;
  readonly transaction: App['transaction'];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly keys: SecretKeys;
  readonly metrics: Metrics;
  readonly request: null;
  readonly viewer: null;
};

type Options = {
  /** Applies missing migrations first, as a starting server would. */
  readonly migrates?: boolean;
  /** Most connections; default 1. */
  readonly maxConnections?: number;
  /** Milliseconds; default 10 seconds. */
  readonly statementTimeoutMs?: number;
};

/**
 * Runs with DATABASE_URL, and closes it. A failure is reported on standard error and sets exit
 * status 1. Only errors are logged: a log line must not appear in output that a program reads.
 */
export async function withDatabase(
  name: string,
  work: (app: CommandApp) => Promise<void>,
  options: Options = {},
): Promise<void> {
  let config: Config;
  try {
    config = readConfig(environment(), { mode: 'production' });
  } catch (error) {
    if (error instanceof ConfigError) return fail(error.message);
    throw error;
  }
  if (config.databaseUrl === null) return fail('DATABASE_URL is not set.');
  const { databaseUrl } = config;
  const database = openPostgres({
    url: databaseUrl,
    maxConnections: options.maxConnections ?? 1,
    applicationName: `latchkey-${name}`,
    statementTimeoutMs: options.statementTimeoutMs ?? 10_000,
    prepares: config.databasePreparedStatements,
  });
  try {
    if (options.migrates && config.migrateOnStart) await migratePostgres(databaseUrl, tell);
    await work({
      config,
      database,
      db: database.db,
      transaction(run) {
        return inTransaction(this, run);
      },
      clock: systemClock,
      random: systemRandom,
      log: createLog({ ...config, logLevel: 'error' }),
      keys: createSecretKeys(config.secretKeys),
      metrics: noMetrics,
      request: null,
      viewer: null,
    });
  } catch (error) {
    fail(explainDatabase(error) ?? `It failed: ${JSON.stringify(describeError(error))}`);
  } finally {
    await database.close();
  }
}
