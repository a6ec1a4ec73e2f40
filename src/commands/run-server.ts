import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { App } from '../app.ts';
import { systemClock } from '../clock.ts';
import { compose } from '../compose.ts';
import type { Config } from '../config/read-config.ts';
import type { Database } from '../db/driver/client.ts';
import { settingAdvice } from '../domain/admin/findings.ts';
import { filterFailure } from '../domain/passwords/breached-filter.ts';
import { prepareStrength } from '../domain/passwords/judge-strength.ts';
import { ensureStandbyKey } from '../domain/signing-keys/ensure-standby-key.ts';
import { listenFailure } from '../http/listen.ts';
import type { GraphiqlRouteOptions } from '../http/pages/graphiql/graphiql.route.ts';
import { type BuiltPage, shippedPage } from '../http/pages/prepare-page.ts';
import { createServer } from '../http/server.ts';
import { createMailer } from '../mail/create-mailer.ts';
import { standardOutput } from '../observability/log-output.ts';
import { createMetrics, formatMetrics, type Metrics, noMetrics } from '../observability/metrics.ts';
import { startTracing } from '../observability/tracing.ts';
import { explainDatabase } from './explain.ts';
import { openMetrics } from './open-metrics.ts';
import { watchClock } from './watch-clock.ts';

type Options = {
  readonly config: Config;
  readonly log: Logger;
  /** Opens a migrated database. */
  readonly open: () => Promise<Database>;
  readonly graphiql?: GraphiqlRouteOptions;
  /** The console's files; those that were built with the server unless told. */
  readonly consolePage?: BuiltPage;
  /** What is done before the first request is taken. */
  readonly prepare?: (app: App) => Promise<void>;
  /** Set for one of several processes: the primary process has the metrics page. */
  readonly worker?: { ready(metrics: Metrics): void };
};

/**
 * From configuration to a listening server, and from a signal to its shutdown. Resolves once it
 * listens, or to null when it could not start.
 */
export async function runServer({
  config,
  log,
  open,
  graphiql,
  consolePage = shippedPage('console') ?? undefined,
  prepare,
  worker,
}: Options): Promise<string | null> {
  const closers: (() => Promise<void>)[] = [];
  const closeAll = async (): Promise<void> => {
    for (const close of closers.reverse()) await close();
  };
  try {
    const metrics = config.metricsPort === null ? noMetrics : await createMetrics();
    const tracing = config.tracing ? await startTracing(log) : null;
    if (tracing !== null) closers.push(() => tracing.stop());
    const database = await open();
    closers.push(() => database.close());
    for (const { name, value, wanted } of await database.unpinned()) {
      const advice = settingAdvice(name, wanted);
      log.error(
        { event: 'database.setting', name, value, wanted },
        `The database’s ${name} is ${value}, and must be ${wanted}. ${advice}`,
      );
    }
    const mailer = await createMailer(config, { clock: systemClock });
    const { app, stop } = await compose({ config, database, mailer, log, metrics, tracing });
    closers.push(stop);
    if (await ensureStandbyKey(app)) await app.keyRing.load();
    await prepare?.(app);
    const clock = watchClock(app);
    closers.push(async () => clock.stop());
    await clock.look();
    if (!worker) {
      const page = async () => formatMetrics([await metrics.snapshot()]);
      const listener = await openMetrics(config, page);
      if (listener !== null) closers.push(() => listener.close());
    }
    if (config.console && !consolePage)
      log.warn({ event: 'console.missing' }, 'This build has no console: npm run build makes it.');
    const server = await createServer(app, {
      ...(graphiql ? { graphiql } : {}),
      ...(consolePage ? { consolePage } : {}),
    });
    closers.push(() => server.close());
    handleSignals({
      config,
      log,
      drain: () => server.drain(),
      closeAll,
      isWorker: worker !== undefined,
    });
    const address = await server.listen();
    log.info({ event: 'server.started' }, `Listening on ${address}`);
    worker?.ready(metrics);
    await prepareStrength();
    return address;
  } catch (error) {
    const reason = listenFailure(error) ?? filterFailure(error) ?? explainDatabase(error);
    if (reason === null)
      log.fatal({ err: error, event: 'server.not_started' }, 'The server could not start.');
    else log.fatal({ event: 'server.not_started' }, reason);
    process.exitCode = 1;
    await closeAll().catch(() => {});
    // A worker's channel to the primary process would keep it alive.
    if (worker) {
      await standardOutput().flush();
      process.exit(1);
    }
    return null;
  }
}

type Ending = {
  readonly config: Pick<Config, 'mode' | 'shutdownDelay' | 'shutdownDeadline'>;
  readonly log: Logger;
  /** Readiness fails from here on; requests are still accepted. */
  readonly drain: () => void;
  readonly closeAll: () => Promise<void>;
  readonly isWorker: boolean;
};

/**
 * AV-5: readiness fails, then a pause for balancers to see it, then no new requests, requests in
 * flight finish, the pool closes; all within a deadline.
 */
function handleSignals({ config, log, drain, closeAll, isWorker }: Ending): void {
  let ending = false;
  const end = async (reason: string, options: { status: number; delay: number }): Promise<void> => {
    if (ending) return;
    ending = true;
    log.info({ event: 'server.stopping', reason }, 'Stopping.');
    setTimeout(() => {
      log.error(
        { event: 'server.stopped', reason: 'deadline' },
        'Stopped at the deadline, with requests in flight.',
      );
      process.exit(1);
    }, config.shutdownDeadline * 1000).unref();
    try {
      drain();
      await sleep(options.delay * 1000);
      await closeAll();
      log.info({ event: 'server.stopped' }, 'Stopped.');
      await standardOutput().flush();
      process.exit(options.status);
    } catch (error) {
      log.error({ err: error, event: 'server.stopped' }, 'Stopped with an error.');
      await standardOutput().flush();
      process.exit(1);
    }
  };
  // Containers and systemd send SIGTERM, a terminal SIGINT (ADV-57). Service managers may send it
  // to every process, and the primary process forwards it: so a second signal must not kill a
  // worker.
  process.on('SIGTERM', () => void end('SIGTERM', { status: 0, delay: config.shutdownDelay }));
  const onInterrupt = (): void => void end('SIGINT', { status: 0, delay: 0 });
  if (isWorker) process.on('SIGINT', onInterrupt);
  else process.once('SIGINT', onInterrupt);
  // A terminal that is closed sends it: a server outlives its terminal, a development server
  // would hold its folder unseen.
  if (config.mode === 'development')
    process.on('SIGHUP', () => void end('SIGHUP', { status: 0, delay: 0 }));
  else process.on('SIGHUP', () => log.info({ event: 'signal.ignored' }, 'SIGHUP does nothing.'));
  // LG-8: an uncaught error is logged once and shuts the process down in order, because its state
  // cannot be trusted any more. `on`, not `once`: a second one during shutdown must not reach
  // Node's own handler, which prints it raw and exits at once.
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error, event: 'process.uncaught' }, 'An exception was not caught.');
    void end('uncaughtException', { status: 1, delay: 0 });
  });
  process.on('unhandledRejection', (reason) => {
    log.fatal({ err: reason, event: 'process.unhandled' }, 'A rejection was not handled.');
    void end('unhandledRejection', { status: 1, delay: 0 });
  });
}
