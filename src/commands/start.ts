import { ConfigError, configWarnings, environment, readConfig } from '../config.ts';
import { openPostgres } from '../db/client.ts';
import { migratePostgres } from '../db/migrate.ts';
import { createLog } from '../observability/log.ts';
import { fail } from './fail.ts';
import { runServer } from './run-server.ts';

const poolSize = 10;
const statementTimeoutMs = 10_000;

/** The server in production. An unset NODE_ENV is production too: only `latchkey dev` is not. */
export async function start(): Promise<void> {
  let config: ReturnType<typeof readConfig>;
  try {
    config = readConfig(environment(), { mode: 'production' });
  } catch (error) {
    if (error instanceof ConfigError) return fail(error.message);
    throw error;
  }
  const log = createLog(config);
  for (const warning of configWarnings(config)) log.warn({ event: 'configuration.warning' }, warning);
  const { databaseUrl } = config;
  if (databaseUrl === null) return fail('DATABASE_URL is not set.');
  await runServer({
    config,
    log,
    open: async () => {
      if (config.migrateOnStart) await migratePostgres(databaseUrl);
      return openPostgres({
        url: databaseUrl,
        replicaUrls: config.databaseReplicaUrls,
        maxConnections: poolSize,
        applicationName: 'latchkey',
        statementTimeoutMs,
      });
    },
  });
}
