import cluster from 'node:cluster';
import { configWarnings } from '../config/config-warnings.ts';
import { ConfigError, environment, readConfig } from '../config/read-config.ts';
import { fail } from './fail.ts';

/** The production server. An unset NODE_ENV is production too: only `latchkey dev` is not. */
export async function start(): Promise<void> {
  let config: ReturnType<typeof readConfig>;
  try {
    config = readConfig(environment(), { mode: 'production' });
  } catch (error) {
    if (error instanceof ConfigError) return fail(error.message);
    throw error;
  }
  const { worker } = cluster;
  const { createLog } = await import('../observability/log.ts');
  const log = worker ? createLog(config).child({ worker: worker.id }) : createLog(config);
  const { databaseUrl } = config;
  if (databaseUrl === null) return fail('DATABASE_URL is not set.');
  if (!worker) {
    for (const warning of configWarnings(config))
      log.warn({ event: 'configuration.warning' }, warning);
    // The primary of several processes serves no requests and loads little.
    if (config.workers > 1)
      return (await import('./run-workers.ts')).runWorkers({ config, databaseUrl, log });
  }
  // Loaded only now: missing variables are reported before the whole server is loaded.
  const [
    { runServer },
    { openPostgres, serverStatementTimeoutMs },
    { migratePostgres },
    { answerPrimary },
  ] = await Promise.all([
    import('./run-server.ts'),
    import('../db/driver/client.ts'),
    import('../db/migrate.ts'),
    import('./answer-primary.ts'),
  ]);
  await runServer({
    config,
    log,
    open: async () => {
      if (config.migrateOnStart) {
        await migratePostgres(databaseUrl, (message) => {
          log.info({ event: 'migrations.progress' }, message);
        });
      }
      return openPostgres({
        url: databaseUrl,
        replicaUrls: config.databaseReplicaUrls,
        maxConnections: config.databaseMaxConnections,
        prepares: config.databasePreparedStatements,
        applicationName: 'latchkey',
        statementTimeoutMs: serverStatementTimeoutMs,
      });
    },
    ...(worker ? { worker: { ready: answerPrimary } } : {}),
  });
}
