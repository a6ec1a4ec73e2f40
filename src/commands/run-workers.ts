import cluster, { type Worker } from 'node:cluster';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Config } from '../config/read-config.ts';
import { filterFailure, readFilter } from '../domain/passwords/breached-filter.ts';
import { listenFailure } from '../http/listen.ts';
import { standardOutput } from '../observability/log-output.ts';
import {
  createMetrics,
  formatMetrics,
  keepCounts,
  noMetrics,
  type Snapshot,
} from '../observability/metrics.ts';
import { metricsQuestion, type WorkerMessage } from './answer-primary.ts';
import { explainDatabase } from './explain.ts';
import { openMetrics } from './open-metrics.ts';

type Options = { readonly config: Config; readonly databaseUrl: string; readonly log: Logger };

/**
 * Milliseconds before a worker is replaced: a quarter of a second, doubled each time that one
 * crashes again soon.
 */
const backoff = { first: 250, most: 30_000 };
/** Milliseconds after which a worker counts as stable. */
const steady = 60_000;
/**
 * Milliseconds that the metrics page waits for a busy worker; after that it shows the worker's last
 * numbers.
 */
const metricsPatience = 1000;
/** Milliseconds beyond the workers' own deadline. */
const lastResort = 2000;

/**
 * The primary of several processes: it serves no requests, keeps WORKERS workers running and has
 * the metrics page of them all. A worker that ends is replaced while the others continue. Exits
 * with status 1 when as many workers have crashed as there should be and none has served.
 */
export async function runWorkers({ config, databaseUrl, log }: Options): Promise<void> {
  const metrics = config.metricsPort === null ? noMetrics : await createMetrics();
  const fleet = new Fleet(config, log, () => metrics.workerRestarted());
  try {
    const { mode, file } = config.breachedPasswords;
    // Otherwise each worker would find it damaged, and be replaced.
    if (mode === 'file' && file !== null) readFilter(file);
    if (config.migrateOnStart) {
      const { migratePostgres } = await import('../db/migrate.ts');
      await migratePostgres(databaseUrl, (message) => {
        log.info({ event: 'migrations.progress' }, message);
      });
    }
    await openMetrics(config, async () =>
      formatMetrics([await fleet.metrics(), ownCounts(await metrics.snapshot())]),
    );
  } catch (error) {
    const reason = listenFailure(error) ?? filterFailure(error) ?? explainDatabase(error);
    if (reason === null)
      log.fatal({ err: error, event: 'server.not_started' }, 'The server could not start.');
    else log.fatal({ event: 'server.not_started' }, reason);
    await standardOutput().flush();
    process.exit(1);
  }
  process.on('SIGTERM', () => fleet.stop('SIGTERM'));
  process.on('SIGINT', () => fleet.stop('SIGINT'));
  // Of a terminal that was closed; each worker gets its own.
  process.on('SIGHUP', () => {});
  fleet.start();
}

const ownMetrics: ReadonlySet<unknown> = new Set([
  'latchkey_worker_restarts_total',
  'latchkey_log_lines_dropped_total',
]);

/**
 * Of the primary's own metrics only those about the workers and its log: it serves no requests
 * itself.
 */
function ownCounts(snapshot: Snapshot): Snapshot {
  return snapshot.filter((metric) => ownMetrics.has(Reflect.get(metric, 'name')));
}

/**
 * Node's internal cluster messages; `newconn` passes a connection to a worker, and its number comes
 * back in `ack`.
 */
type ClusterMessage = {
  readonly cmd?: unknown;
  readonly act?: unknown;
  readonly seq?: unknown;
  readonly ack?: unknown;
};

/**
 * Closes the connections that were passed to a worker which ended before accepting them. Node waits
 * for the answer of the dead worker and keeps its own end open, so such a client would wait for as
 * long as the primary lives (decision 033). This reads internal messages of Node; in a release that
 * changes them it has no effect, and its test fails.
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
  // Not at `exit`: the worker's last answers may still be unread then, and a connection that it
  // rejected is passed to another.
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

/** A worker, with what it has reported. */
type Kept = {
  readonly worker: Worker;
  /** How many of its predecessors in a row crashed soon after they had started. */
  readonly falls: number;
  readonly began: number;
  /** The metrics that it sent last. */
  latest: Snapshot | null;
  /** Called with its next metrics, and when it ends. */
  answered: () => void;
};

/** The workers: as many as configured, until they are stopped. */
class Fleet {
  readonly #config: Config;
  readonly #log: Logger;
  readonly #onRestart: () => void;
  readonly #living = new Set<Kept>();
  /** The metrics of workers that have ended. */
  #ended: Promise<Snapshot> = Promise.resolve([]);
  #hasServed = false;
  #crashes = 0;
  #stopping = false;
  #unclean = false;

  constructor(config: Config, log: Logger, onRestart: () => void) {
    this.#config = config;
    this.#log = log;
    this.#onRestart = onRestart;
  }

  start(): void {
    // In JSON `Infinity` would become null: a replica that does not answer would be up to date.
    cluster.setupPrimary({ serialization: 'advanced' });
    for (let count = 0; count < this.#config.workers; count += 1) this.#begin(0);
  }

  stop(signal: 'SIGTERM' | 'SIGINT'): void {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#log.info({ event: 'server.stopping', reason: signal }, 'Stopping.');
    for (const { worker } of this.#living) worker.process.kill(signal);
    setTimeout(
      () => {
        for (const { worker } of this.#living) worker.process.kill('SIGKILL');
        this.#unclean = true;
        this.#finish();
      },
      this.#config.shutdownDeadline * 1000 + lastResort,
    ).unref();
    if (this.#living.size === 0) this.#finish();
  }

  /** The metrics of every worker, living or ended, as one list. */
  async metrics(): Promise<Snapshot> {
    await Promise.all([...this.#living].map(ask));
    return [...(await this.#ended), ...[...this.#living].flatMap(({ latest }) => latest ?? [])];
  }

  #begin(falls: number): void {
    // The primary process has already migrated.
    const worker = cluster.fork({ MIGRATE_ON_START: 'false' });
    const began = performance.now();
    const kept: Kept = { worker, falls, began, latest: null, answered: () => {} };
    this.#living.add(kept);
    closeWhatIsLost(worker);
    worker.on('message', (message: WorkerMessage) => {
      if (message.latchkey === 'ready') {
        this.#hasServed = true;
        this.#log.info({ event: 'worker.started', ...namesOf(worker) }, 'A worker serves.');
      }
      if (message.latchkey === 'metrics') {
        kept.latest = message.snapshot;
        kept.answered();
      }
    });
    worker.once('exit', (status, signal) => {
      this.#forget(kept);
      if (!this.#stopping) return this.#replace(kept, status, signal);
      this.#unclean ||= status !== 0;
      if (this.#living.size === 0) this.#finish();
    });
  }

  #forget(kept: Kept): void {
    const { latest } = kept;
    this.#living.delete(kept);
    kept.answered();
    if (latest !== null) this.#ended = this.#ended.then((before) => keepCounts([before, latest]));
  }

  #replace({ worker, falls, began }: Kept, status: number, signal: string | null): void {
    const hasCrashed = status !== 0 || signal !== null;
    if (hasCrashed) this.#crashes += 1;
    if (!this.#hasServed && this.#crashes >= this.#config.workers) {
      this.#log.fatal({ event: 'server.not_started' }, 'No worker could start.');
      process.exitCode = 1;
      this.#unclean = true;
      this.stop('SIGTERM');
      return;
    }
    const next = hasCrashed && performance.now() - began < steady ? falls + 1 : 0;
    const delay = hasCrashed ? Math.min(backoff.first * 2 ** next, backoff.most) : 0;
    this.#log[hasCrashed ? 'error' : 'info'](
      { event: 'worker.ended', ...namesOf(worker), status, signal, delay },
      'A worker has ended and is replaced.',
    );
    this.#onRestart();
    setTimeout(() => {
      if (!this.#stopping) this.#begin(next);
    }, delay);
  }

  #finish(): void {
    this.#log.info({ event: 'server.stopped' }, 'Stopped.');
    void standardOutput()
      .flush()
      .then(() => process.exit(this.#unclean ? 1 : 0));
  }
}

function namesOf({ id, process: { pid } }: Worker) {
  return { worker: id, pid };
}

/** Asks a worker for its metrics, and waits for them until the timeout. */
async function ask(kept: Kept): Promise<void> {
  const patience = new AbortController();
  const answered = new Promise<void>((resolve) => {
    kept.answered = resolve;
  });
  kept.worker.send(metricsQuestion, () => {});
  const late = sleep(metricsPatience, undefined, { signal: patience.signal }).catch(() => {});
  await Promise.race([answered, late]);
  patience.abort();
}
