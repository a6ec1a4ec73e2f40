import { PgDatabase, PgDialect, type PgQueryResultHKT, withReplicas } from 'drizzle-orm/pg-core';
import { drizzle as drizzlePostgres, PostgresJsSession } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';
import type { StatementWatch } from '../../observability/tracing.ts';
import { createPoolGate, guardClient, type Over, rememberTexts } from './pool.ts';
import { createWire } from './wire.ts';

type NoSchema = Record<string, never>;

const dialect = new PgDialect();

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

export type PostgresOptions = {
  /** May name several hosts: then the one that takes writes is connected to. */
  readonly url: string;
  readonly replicaUrls?: readonly string[];
  /** Connections at most; each process has its own pool. */
  readonly maxConnections: number;
  readonly applicationName: string;
  /** Milliseconds after which the server ends a statement (AV-3). */
  readonly statementTimeoutMs: number;
  /** Milliseconds that a statement waits for a connection, 2000 unless told (AV-3). */
  readonly acquireTimeoutMs?: number;
  /**
   * Whether statements are parsed and planned once a connection, true unless told: some poolers
   * cannot follow that.
   */
  readonly prepares?: boolean;
  /** Told the text of each statement that a query makes, without its parameters. */
  readonly onStatement?: (text: string) => void;
};

/**
 * Different statements that a connection keeps prepared; ours are some hundred. PostgreSQL holds
 * each in memory.
 */
const mostPrepared = 400;
/** Statements that may wait for a connection. */
const mostWaiting = 5000;

/**
 * Milliseconds beyond a statement's time after which a connection that has said nothing is taken
 * for dead.
 */
const silenceMs = 2000;

/** A pool on a PostgreSQL server. It connects at the first statement. */
export function openPostgres(options: PostgresOptions): Database {
  const connect = (url: string) => {
    const wire = createWire({
      url,
      silenceMs: options.statementTimeoutMs + silenceMs,
      renew: () => {
        const old = sql;
        sql = open();
        old.end({ timeout: 5 }).catch(() => {});
      },
    });
    const open = (): postgres.Sql => {
      const client = postgres(wire.url, {
        ...{ socket: wire.socket },
        max: options.maxConnections,
        connect_timeout: 5,
        // Seconds between two tries to connect. The driver's own goes up to twenty: a database that
        // is back would be found too late.
        backoff: (tries: number) => Math.min(0.05 * 2 ** tries, 1),
        idle_timeout: 60,
        max_lifetime: 60 * 30,
        prepare: options.prepares ?? true,
        onnotice: () => {},
        connection: {
          application_name: options.applicationName,
          statement_timeout: options.statementTimeoutMs,
          lock_timeout: options.statementTimeoutMs,
          idle_in_transaction_session_timeout: options.statementTimeoutMs * 2,
        },
      });
      // It teaches the client how to read values.
      drizzlePostgres(client);
      return client;
    };
    let sql = open();
    const gate = createPoolGate({
      connections: options.maxConnections,
      waiting: mostWaiting,
      patience: options.acquireTimeoutMs ?? 2000,
    });
    const isPrepared = rememberTexts(mostPrepared);
    // What drizzle() does but for the client's parsers, which open() has seen to: every operation
    // makes one of these.
    const drizzled = (
      over: Over | null,
      watch?: StatementWatch,
    ): PgDatabase<PgQueryResultHKT, NoSchema> => {
      const client = guardClient(() => sql, { gate, wire, over, watch, isPrepared });
      return new PgDatabase(
        dialect,
        new PostgresJsSession(client, dialect, undefined, sessionOptions),
        undefined,
      );
    };
    const ping = async (): Promise<void> => {
      await sql`select 1`;
    };
    const close = async (): Promise<void> => {
      // The driver takes a connection that broke off, and was not needed since, for one that is
      // still at work.
      await sql.end({ timeout: wire.isWaiting() ? 5 : 0.5 });
      wire.close();
    };
    return { ping, gate, drizzled, close };
  };
  const { onStatement } = options;
  const sessionOptions = onStatement ? { logger: { logQuery: onStatement } } : {};
  const main = connect(options.url);
  const replicas = (options.replicaUrls ?? []).map(connect);
  const db = main.drizzled(null);
  let turn = 0;
  return {
    kind: 'postgres',
    db,
    readDb: replicasInTurn(
      db,
      replicas.map((replica) => replica.drizzled(null)),
    ),
    during: main.drizzled,
    load: () => ({ ...main.gate.load(), width: options.maxConnections }),
    readDuring: (over, watch) => {
      turn = (turn + 1) % Math.max(1, replicas.length);
      return (replicas[turn] ?? main).drizzled(over, watch);
    },
    ping: main.ping,
    close: async () => {
      await Promise.all([main, ...replicas].map((pool) => pool.close()));
    },
  };
}

function replicasInTurn<Q extends PgDatabase<PgQueryResultHKT, NoSchema>>(
  db: Q,
  replicas: Q[],
): Db {
  const [first, ...rest] = replicas;
  if (!first) return db;
  let turn = 0;
  return withReplicas(db, [first, ...rest], () => {
    turn = (turn + 1) % replicas.length;
    return replicas[turn] ?? first;
  });
}
