import { ConfigError, configWarnings, environment, readConfig } from '../config.ts';
import { fail } from './fail.ts';

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
  // Loaded only now: who forgot a variable learns it before the whole server is read.
  const [{ openPostgres }, { migratePostgres }, { createLog }, { runServer }] = await Promise.all([
    import('../db/client.ts'),
    import('../db/migrate.ts'),
    import('../observability/log.ts'),
    import('./run-server.ts'),
  ]);
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
