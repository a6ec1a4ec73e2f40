import { createSemaphore, type Semaphore } from '../../semaphore.ts';
import { Connection, type ConnectionOptions } from './connection.ts';
import { poolExhausted, Unavailable } from './failures.ts';
import { createPrimaryFinder } from './find-primary.ts';
import { OpenConnections } from './open-connections.ts';

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
   * Runs the work with exclusive use of a connection, with `isFresh` of a new one: those that are
   * idle are dropped. Rejects when none becomes free in time:
   * postgres.js would queue without bound (AV-3).
   */
  use<T>(
    work: (connection: Connection) => Promise<T>,
    options?: { readonly isFresh?: boolean },
  ): Promise<T>;
  load: Semaphore['load'];
  close(): Promise<void>;
};

/** Most statements that wait for a connection. */
const mostWaiting = 5000;
/** Most statements that a connection keeps prepared; PostgreSQL holds each in memory. */
const mostPrepared = 400;

/** Connections to the primary, opened on demand. */
export function createPool(options: PoolOptions): Pool {
  const findPrimary = createPrimaryFinder(options.url);
  const semaphore = createSemaphore({
    width: options.maxConnections,
    queue: mostWaiting,
    patience: options.acquireTimeoutMs ?? 2000,
    refusal: poolExhausted,
  });
  const connections = new OpenConnections();
  const isPrepared = options.prepares === false ? () => false : preparesFirst(mostPrepared);
  let isClosed = false;

  const connect = async (): Promise<Connection> => {
    const url = await findPrimary();
    if (isClosed) throw new Unavailable('CONNECTION_CLOSED', 'The pool is closed.');
    // After a refused write the next connections look up the primary.
    const onWriteRefused = () => connections.retire();
    const connection = new Connection({ ...options, url, isPrepared, onWriteRefused });
    connections.add(connection);
    return connection;
  };

  return {
    use: (work, { isFresh = false } = {}) =>
      semaphore.run(async () => {
        if (isFresh) connections.dropIdle();
        const connection = connections.takeIdle() ?? (await connect());
        try {
          return await work(connection);
        } finally {
          connections.giveBack(connection);
        }
      }),
    load: semaphore.load,
    close: async () => {
      isClosed = true;
      await connections.close();
    },
  };
}

/**
 * The driver needs two round trips for a statement with parameters unless it is prepared, and
 * Drizzle prepares only by name. The limit keeps an endless variety of texts from filling memory.
 */
function preparesFirst(most: number): (text: string) => boolean {
  const prepared = new Set<string>();
  return (text) => {
    if (prepared.size < most) prepared.add(text);
    return prepared.has(text);
  };
}
