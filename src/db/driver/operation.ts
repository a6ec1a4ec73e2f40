import { setTimeout as sleep } from 'node:timers/promises';
import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import type postgres from 'postgres';
import type { StatementWatch } from '../../observability/tracing.ts';
import type { Connection, Over, Parameters } from './connection.ts';
import { isConflict, isConnectionLost, Unavailable } from './failures.ts';
import type { Pool } from './pool.ts';

/** The operation that statements run for. */
export type Operation = {
  /** Called for each statement and each transaction. */
  readonly pool: () => Pool;
  /** When it is aborted, running statements are cancelled and no further ones start (GQ-15). */
  readonly over: Over | null;
  readonly watch?: StatementWatch | undefined;
  /** Called with the text of each statement. */
  readonly onStatement?: ((text: string) => void) | undefined;
};

type Rows = Promise<unknown[][]>;
type Run = (text: string, statement: (connection: Connection) => Rows) => Rows;

/**
 * The part of a postgres.js client that Drizzle calls; wherever Drizzle reads rows, it reads them
 * as arrays.
 */
type Client = { unsafe(text: string, parameters?: Parameters): Rows & { values(): Rows } };
type Work = (client: Client) => Promise<unknown>;

/** Drizzle for one operation. Nested transactions are not supported. */
export function drizzleFor({ pool, over, watch, onStatement }: Operation): PostgresJsDatabase {
  const assertInTime = (): void => {
    if (over?.aborted) throw new Unavailable('OPERATION_OVER', 'The operation is over.');
  };

  const clientBy = (run: Run): Client => ({
    unsafe: (text, parameters) => {
      const ended = watch?.(text);
      const rows = run(text, async (connection) => {
        assertInTime();
        return connection.ask(text, parameters, over);
      });
      if (ended) rows.then(() => ended(), ended);
      return Object.assign(rows, { values: () => rows });
    },
  });

  /** Commits all of the work or none. */
  const transaction = async (
    connection: Connection,
    work: Work,
    onBegun: () => void,
  ): Promise<unknown> => {
    let failure: { readonly error: unknown } | undefined;
    const client = clientBy(async (_text, statement) => {
      try {
        return await statement(connection);
      } catch (error) {
        failure ??= { error };
        throw error;
      }
    });
    assertInTime();
    await connection.ask('begin');
    onBegun();
    try {
      const result = await work(client);
      // After a failed statement PostgreSQL would treat COMMIT as a rollback without an error.
      if (failure) throw failure.error;
      assertInTime();
      await connection.ask('commit');
      return result;
    } catch (error) {
      await connection.ask('rollback').catch(() => {});
      throw error;
    }
  };

  const client = {
    // Drizzle writes the value parsers here; they only matter where a connection has its own
    // client.
    options: { parsers: {}, serializers: {} },
    ...clientBy((text, statement) => runAlone(pool(), text, statement)),
    begin: (work: Work) =>
      retried(() =>
        unlessCut(pool(), (connection, onBegun) =>
          connection.whileOpen(transaction(connection, work, onBegun)),
        ),
      ),
  };
  return drizzle(
    client as unknown as postgres.Sql,
    onStatement ? { logger: { logQuery: onStatement } } : {},
  );
}

/** A statement that changes nothing, and may be sent twice. */
const isRead = /^\s*select\b/i;
/** Milliseconds without use after which a connection is tried before it writes. */
const rest = 50;
/** Milliseconds; a connection that was cut fails at once, and a host that is silent later. */
const atOnce = 2000;

function isRested({ idleSince }: Connection): boolean {
  return idleSince > 0 && performance.now() - idleSince > rest;
}

/** Runs a statement outside of a transaction. */
function runAlone(pool: Pool, text: string, statement: (connection: Connection) => Rows): Rows {
  return retried(() =>
    unlessCut(pool, async (connection, onBegun) => {
      if (!isRead.test(text)) {
        // A connection that was cut while it rested is found out before anything is changed.
        if (isRested(connection)) await connection.ask('select 1');
        onBegun();
      }
      return statement(connection);
    }),
  );
}

/**
 * Runs it once more, over a new connection, where the one that it got out of the pool turns out to
 * have been cut before anything was begun that is not safe to repeat.
 */
async function unlessCut<T>(
  pool: Pool,
  run: (connection: Connection, onBegun: () => void) => Promise<T>,
): Promise<T> {
  const since = performance.now();
  let mayRepeat = false;
  const once = (connection: Connection): Promise<T> => {
    mayRepeat = connection.idleSince > 0;
    return run(connection, () => {
      mayRepeat = false;
    });
  };
  try {
    return await pool.use(once);
  } catch (error) {
    const isLate = performance.now() - since > atOnce;
    if (!mayRepeat || isLate || !isConnectionLost(error)) throw error;
    return pool.use(once, { isFresh: true });
  }
}

/** Most times that a statement or a transaction is run. */
const mostRuns = 4;
/** Milliseconds before the second run; twice as many before the third. */
const pause = 20;

/**
 * Runs it again where PostgreSQL has undone all of it for the sake of a concurrent one: a deadlock,
 * or a serialization failure, which there are where the isolation level could not be pinned.
 */
async function retried<T>(run: () => Promise<T>): Promise<T> {
  for (let runs = 1; ; runs += 1) {
    try {
      return await run();
    } catch (error) {
      if (!isConflict(error) || runs === mostRuns) throw error;
      await sleep(pause * runs);
    }
  }
}
