import cluster, { type Worker } from 'node:cluster';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Config } from '../config/read-config.ts';
import { openMetricsListener } from '../http/routes/metrics.listener.ts';
import {
  createMetrics,
  formatMetrics,
  keepCounts,
  noMetrics,
  type Snapshot,
} from '../observability/metrics.ts';
import { metricsQuestion, type WorkerMessage } from './answer-primary.ts';

type Options = { readonly config: Config; readonly databaseUrl: string; readonly log: Logger };

/**
 * Milliseconds before a worker is replaced: a fourth of a second, then twice as long each time that
 * one falls soon again.
 */
const backoff = { first: 250, most: 30_000 };
/** Milliseconds after which a worker counts as one that runs. */
const steady = 60_000;
/**
 * Milliseconds that the metrics page waits for a worker that is busy; then its last known numbers
 * stand for it.
 */
const metricsPatience = 1000;
/** Milliseconds beyond the workers' own deadline. */
const lastResort = 2000;

/**
 * The first of several processes: it serves nothing, keeps WORKERS others running and has the
 * metrics page of them all. A worker that ends is replaced without the others noticing. Ends with
 * status 1 where as many have ended as there should be and none has served.
 */
export async function runWorkers({ config, databaseUrl, log }: Options): Promise<void> {
  const metrics = config.metricsPort === null ? noMetrics : await createMetrics();
  const fleet = createFleet(config, log, () => metrics.workerRestarted());
  try {
    if (config.migrateOnStart)
      await (await import('../db/migrate.ts')).migratePostgres(databaseUrl);
    if (config.metricsPort !== null) {
      const { host, metricsPort: port } = config;
      const page = async () =>
        formatMetrics([await fleet.metrics(), ownCounts(await metrics.snapshot())]);
      await openMetricsListener({ host, port, page });
    }
  } catch (error) {
    log.fatal({ err: error, event: 'server.not_started' }, 'The server could not start.');
    process.exit(1);
  }
  process.on('SIGTERM', () => fleet.stop('SIGTERM'));
  process.on('SIGINT', () => fleet.stop('SIGINT'));
  fleet.start();
}

/**
 * Of the first process's own numbers only what it counts of the others: it is no process that
 * serves.
 */
function ownCounts(snapshot: Snapshot): Snapshot {
  return snapshot.filter(
    (metric) => Reflect.get(metric, 'name') === 'latchkey_worker_restarts_total',
  );
}

/**
 * What Node sends within a cluster; `newconn` gives a connection away, and its number comes back in
 * `ack`.
 */
type ClusterMessage = {
  readonly cmd?: unknown;
  readonly act?: unknown;
  readonly seq?: unknown;
  readonly ack?: unknown;
};

/**
 * Closes the connections that were given to a worker which ended before it took them. Node waits
 * for the answer of a worker that is gone and keeps its own end of such a connection open, so the
 * client would wait for as long as the first process lives; a client whose connection is closed
 * asks again. A release of Node that sends otherwise leaves this without effect: the test of it
 * says so.
 */
function closeWhatIsLost({ process: child }: Worker): void {
  const given = new Map<unknown, { close: () => void }>();
  const send = child.send;
  Object.defineProperty(child, 'send', {
    value: (message: ClusterMessage, ...rest: unknown[]): boolean => {
      const [handle] = rest;
      if (message.cmd === 'NODE_CLUSTER' && message.act === 'newconn' && canClose(handle)) {
        given.set(message.seq, handle);
      }
      return Reflect.apply(send, child, [message, ...rest]) === true;
    },
  });
  child.on('internalMessage', (message: ClusterMessage) => given.delete(message.ack));
  // Not at `exit`: what the worker has answered may still be unread then, and a connection that it
  // refused is given to another.
  child.once('close', () => {
    for (const handle of given.values()) handle.close();
    given.clear();
  });
}

function canClose(handle: unknown): handle is { close: () => void } {
  return (
    typeof handle === 'object' &&
    handle !== null &&
    'close' in handle &&
    typeof handle.close === 'function'
  );
}

function createFleet(config: Config, log: Logger, onRestart: () => void) {
  const living = new Set<Worker>();
  const latest = new Map<number, Snapshot>();
  const waiting = new Map<number, () => void>();
  /** What workers that have ended had counted. */
  let ended: Promise<Snapshot> = Promise.resolve([]);
  let hasServed = false;
  let fallen = 0;
  let stopping = false;
  let unclean = false;

  const begin = (falls: number): void => {
    const began = performance.now();
    // The first process has migrated.
    const worker = cluster.fork({ MIGRATE_ON_START: 'false' });
    living.add(worker);
    closeWhatIsLost(worker);
    worker.on('message', (message: WorkerMessage) => {
      if (message.latchkey === 'ready') {
        hasServed = true;
        log.info(
          { event: 'worker.started', worker: worker.id, pid: worker.process.pid },
          'A worker serves.',
        );
      }
      if (message.latchkey === 'metrics') {
        latest.set(worker.id, message.snapshot);
        waiting.get(worker.id)?.();
      }
    });
    worker.once('exit', (status, signal) => {
      living.delete(worker);
      remember(worker);
      if (stopping) {
        unclean ||= status !== 0;
        if (living.size === 0) finish();
        return;
      }
      const hasFallen = status !== 0 || signal !== null;
      if (hasFallen) fallen += 1;
      if (!hasServed && fallen >= config.workers) {
        log.fatal({ event: 'server.not_started' }, 'No worker could start.');
        process.exitCode = 1;
        unclean = true;
        stop('SIGTERM');
        return;
      }
      const next = hasFallen && performance.now() - began < steady ? falls + 1 : 0;
      const delay = hasFallen ? Math.min(backoff.first * 2 ** next, backoff.most) : 0;
      log[hasFallen ? 'error' : 'info'](
        {
          event: 'worker.ended',
          worker: worker.id,
          pid: worker.process.pid,
          status,
          signal,
          delay,
        },
        'A worker has ended and is replaced.',
      );
      onRestart();
      setTimeout(() => {
        if (!stopping) begin(next);
      }, delay);
    });
  };

  const remember = (worker: Worker): void => {
    const last = latest.get(worker.id);
    latest.delete(worker.id);
    waiting.get(worker.id)?.();
    if (last !== undefined) ended = ended.then((before) => keepCounts([before, last]));
  };

  const ask = async (worker: Worker): Promise<void> => {
    const answered = new Promise<void>((resolve) => {
      waiting.set(worker.id, resolve);
    });
    worker.send(metricsQuestion, () => {});
    const patience = new AbortController();
    await Promise.race([
      answered,
      sleep(metricsPatience, undefined, { signal: patience.signal }).catch(() => {}),
    ]);
    patience.abort();
    waiting.delete(worker.id);
  };

  const finish = (): void => {
    log.info({ event: 'server.stopped' }, 'Stopped.');
    process.exit(unclean ? 1 : 0);
  };

  const stop = (signal: 'SIGTERM' | 'SIGINT'): void => {
    if (stopping) return;
    stopping = true;
    log.info({ event: 'server.stopping', reason: signal }, 'Stopping.');
    for (const worker of living) worker.process.kill(signal);
    setTimeout(
      () => {
        for (const worker of living) worker.process.kill('SIGKILL');
        unclean = true;
        finish();
      },
      config.shutdownDeadline * 1000 + lastResort,
    ).unref();
    if (living.size === 0) finish();
  };

  return {
    start: (): void => {
      for (let count = 0; count < config.workers; count += 1) begin(0);
    },
    stop,
    /** The numbers of every worker, living or ended, as one list. */
    metrics: async (): Promise<Snapshot> => {
      await Promise.all([...living].map(ask));
      return [...(await ended), ...[...latest.values()].flat()];
    },
  };
}
