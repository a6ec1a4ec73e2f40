import { setTimeout as sleep } from 'node:timers/promises';
import { createSemaphore, type Semaphore } from '../../semaphore.ts';
import { Connection, type ConnectionOptions, idleTimeout } from './connection.ts';
import { poolExhausted, Unavailable } from './failures.ts';
import { createPrimaryFinder } from './find-primary.ts';

export type PoolOptions = Pick<ConnectionOptions, 'applicationName' | 'statementTimeoutMs'> & {
  /** May name several hosts; the one that accepts writes is used. */
  readonly url: string;
  /** Most connections; each process has its own pool. */
  readonly maxConnections: number;
  /** Milliseconds that a statement waits for a connection; default 2000 (AV-3). */
  readonly acquireTimeoutMs?: number;
  /**
   * Whether each connection prepares statements; default true. Some poolers cannot track prepared
   * statements.
   */
  readonly prepares?: boolean;
};

export type Pool = {
  /**
   * Runs the work with exclusive use of a connection. Rejects when none becomes free in time:
   * postgres.js would queue without bound (AV-3).
   */
  use<T>(work: (connection: Connection) => Promise<T>): Promise<T>;
  load: Semaphore['load'];
  close(): Promise<void>;
};

/** Most statements that wait for a connection. */
const mostWaiting = 5000;
/** Most statements that a connection keeps prepared; PostgreSQL holds each in memory. */
const mostPrepared = 400;
const lifetimeMs = 30 * 60_000;
/** Milliseconds that a closing pool leaves to running statements. */
const closeMs = 5000;

/** Connections to the primary, opened on demand. */
export function createPool(options: PoolOptions): Pool {
  const findPrimary = createPrimaryFinder(options.url);
  const semaphore = createSemaphore({
    width: options.maxConnections,
    queue: mostWaiting,
    patience: options.acquireTimeoutMs ?? 2000,
    refusal: poolExhausted,
  });
  const open = new Set<Connection>();
  /** Idle connections; the last one used is used next. */
  const idle: Connection[] = [];
  const prepared = new Set<string>();
  let isClosed = false;

  // The driver needs two round trips for a statement with parameters unless it is prepared, and
  // Drizzle prepares only by name. The limit keeps an endless variety of texts from filling memory.
  const isPrepared = (text: string): boolean => {
    if (options.prepares === false) return false;
    if (prepared.size < mostPrepared) prepared.add(text);
    return prepared.has(text);
  };

  const drop = (connection: Connection): void => {
    open.delete(connection);
    connection.close();
  };
  /** Closes every connection, those in use when they are released; new ones look up the primary. */
  const renew = (): void => {
    for (const connection of idle.splice(0)) drop(connection);
    for (const connection of open) connection.isRetired = true;
  };

  const connect = async (): Promise<Connection> => {
    const url = await findPrimary();
    if (isClosed) throw new Unavailable('CONNECTION_CLOSED', 'The pool is closed.');
    const connection = new Connection({ ...options, url, isPrepared, onWriteRefused: renew });
    open.add(connection);
    return connection;
  };
  const takeIdle = (): Connection | undefined => {
    // Skips a connection that is about to close because it is idle.
    const latest = performance.now() - (idleTimeout * 1000) / 2;
    for (let connection = idle.pop(); connection; connection = idle.pop()) {
      if (!connection.isLost && connection.idleSince > latest) return connection;
      drop(connection);
    }
    return undefined;
  };
  const giveBack = (connection: Connection): void => {
    const now = performance.now();
    const isOld = now - connection.openedAt > lifetimeMs;
    if (connection.isLost || connection.isRetired || isOld) drop(connection);
    else {
      connection.idleSince = now;
      idle.push(connection);
    }
  };

  return {
    use: (work) =>
      semaphore.run(async () => {
        const connection = takeIdle() ?? (await connect());
        try {
          return await work(connection);
        } finally {
          giveBack(connection);
        }
      }),
    load: semaphore.load,
    close: async () => {
      isClosed = true;
      renew();
      for (let waited = 0; open.size > 0 && waited < closeMs; waited += 20) await sleep(20);
      for (const connection of open) drop(connection);
    },
  };
}
