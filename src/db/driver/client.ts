import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core';
import type { StatementWatch } from '../../observability/tracing.ts';
import type { Over } from './connection.ts';
import { drizzleFor, type Operation } from './operation.ts';
import { createPool, type Pool, type PoolOptions } from './pool.ts';

type NoSchema = Record<string, never>;

/** What a query takes: the pool, or a transaction of it. The same on postgres.js and on PGlite. */
export type Db = Pick<
  PgDatabase<PgQueryResultHKT, NoSchema>,
  | 'select'
  | 'selectDistinct'
  | 'insert'
  | 'update'
  | 'delete'
  | 'transaction'
  | '$with'
  | 'with'
  | '_'
>;

export type Database = {
  readonly kind: 'postgres' | 'pglite';
  readonly db: Db;
  /**
   * The same for one operation: when `over` is aborted, what it does here is cancelled, and it
   * begins nothing more (GQ-15).
   */
  during(over: Over, watch?: StatementWatch): Db;
  /**
   * For reads that may lag behind what was just written: the replicas in turn, or the database
   * itself where there are none.
   */
  readonly readDb: Db;
  /**
   * Statements on a connection, those that wait for one, and connections at most; null where there
   * is no pool.
   */
  load(): { readonly running: number; readonly waiting: number; readonly width: number } | null;
  /** `readDb` for one operation, as `during`. */
  readDuring(over: Over, watch?: StatementWatch): Db;
  /** Rejects when the database does not answer. */
  ping(): Promise<void>;
  close(): Promise<void>;
};

export type PostgresOptions = PoolOptions & {
  readonly replicaUrls?: readonly string[];
  /** Told the text of each statement that a query makes, without its parameters. */
  readonly onStatement?: (text: string) => void;
};

/** Pools on a PostgreSQL server and its replicas. They connect at the first statement. */
export function openPostgres(options: PostgresOptions): Database {
  const { replicaUrls = [], onStatement } = options;
  const main = createPool(options);
  const replicas = replicaUrls.map((url) => createPool({ ...options, url }));
  let turn = 0;
  const nextReplica = (): Pool => {
    turn = (turn + 1) % Math.max(1, replicas.length);
    return replicas[turn] ?? main;
  };
  const open = (operation: Operation): Db => drizzleFor({ ...operation, onStatement });
  return {
    kind: 'postgres',
    db: open({ pool: () => main, over: null }),
    readDb: open({ pool: nextReplica, over: null }),
    during: (over, watch) => open({ pool: () => main, over, watch }),
    load: () => ({ ...main.load(), width: options.maxConnections }),
    readDuring: (over, watch) => {
      const replica = nextReplica();
      return open({ pool: () => replica, over, watch });
    },
    ping: async () => {
      await main.use((connection) => connection.ask('select 1'));
    },
    close: async () => {
      await Promise.all([main, ...replicas].map((pool) => pool.close()));
    },
  };
}
