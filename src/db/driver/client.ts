import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core';
import type { StatementWatch } from '../../observability/tracing.ts';
import type { Over } from './connection.ts';
import { drizzleFor, type Operation } from './operation.ts';
import { createPool, type Pool, type PoolOptions } from './pool.ts';
import {
  type LackingRights,
  lackingRights,
  type UnpinnedSetting,
  unpinnedSettings,
} from './settings.ts';

type NoSchema = Record<string, never>;

/**
 * What a query function takes: the pool or a transaction on it, with the same type for postgres.js
 * and PGlite.
 */
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
   * The database for one operation: when `over` is aborted, its running statements are cancelled
   * and no further ones start (GQ-15).
   */
  during(over: Over, watch?: StatementWatch): Db;
  /**
   * For reads that tolerate replication lag: the replicas in turn, or the primary when there are
   * none.
   */
  readonly readDb: Db;
  /** Each replica, to ask how far it is behind. */
  readonly replicas: readonly Db[];
  /**
   * Statements running, statements waiting for a connection, and the pool's maximum; null without a
   * pool.
   */
  load(): { readonly running: number; readonly waiting: number; readonly width: number } | null;
  /** `readDb` for one operation, like `during`. */
  readDuring(over: Over, watch?: StatementWatch): Db;
  /** Rejects when the database does not respond. */
  ping(): Promise<void>;
  /** Settings of a session that this code relies on, and that could not be set. */
  unpinned(): Promise<readonly UnpinnedSetting[]>;
  /** Rights on our tables that the role needs and does not have. */
  lackingRights(): Promise<readonly LackingRights[]>;
  close(): Promise<void>;
};

/**
 * Statement timeout of a server, in milliseconds: a request that a fault of the network or of the
 * database has caught ends within five seconds.
 */
export const serverStatementTimeoutMs = 3000;

export type PostgresOptions = PoolOptions & {
  readonly replicaUrls?: readonly string[];
  /** Called with the text of each statement of a query, without its parameters. */
  readonly onStatement?: (text: string) => void;
};

/** Pools for a PostgreSQL primary and its replicas; they connect at the first statement. */
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
    replicas: replicas.map((replica) => open({ pool: () => replica, over: null })),
    during: (over, watch) => open({ pool: () => main, over, watch }),
    load: () => ({ ...main.load(), width: options.maxConnections }),
    readDuring: (over, watch) => {
      const replica = nextReplica();
      return open({ pool: () => replica, over, watch });
    },
    ping: async () => {
      await main.use((connection) => connection.ask('select 1'));
    },
    unpinned: async () => {
      const rows = await main.use((connection) => connection.ask(unpinnedSettings));
      return rows.map(([name, value, wanted]) => ({
        name: String(name),
        value: String(value),
        wanted: String(wanted),
      }));
    },
    lackingRights: async () => {
      const rows = await main.use((connection) => connection.ask(lackingRights));
      return rows.map(([table, rights]) => ({
        table: String(table),
        rights: String(rights).split(','),
      }));
    },
    close: async () => {
      await Promise.all([main, ...replicas].map((pool) => pool.close()));
    },
  };
}
