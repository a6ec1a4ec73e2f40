import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import type postgres from 'postgres';
import type { StatementWatch } from '../../observability/tracing.ts';
import type { Connection, Over, Parameters } from './connection.ts';
import { Unavailable } from './failures.ts';
import type { Pool } from './pool.ts';

/** What statements are made for. */
export type Operation = {
  /** Asked for each statement and each transaction. */
  readonly pool: () => Pool;
  /** When it is aborted, what runs is cancelled and nothing more begins (GQ-15). */
  readonly over: Over | null;
  readonly watch?: StatementWatch | undefined;
  /** Told the text of each statement. */
  readonly onStatement?: ((text: string) => void) | undefined;
};

type Run = (statement: (connection: Connection) => Promise<unknown[][]>) => Promise<unknown[][]>;
type Work = (client: DrizzleClient) => Promise<unknown>;

/** What drizzle calls of a client of postgres.js. It reads rows as lists wherever it reads any. */
type DrizzleClient = {
  readonly options?: { parsers: object; serializers: object };
  unsafe(text: string, parameters?: Parameters): Promise<unknown[][]>;
  begin?(work: Work): Promise<unknown>;
  savepoint?(work: Work): Promise<unknown>;
};

const transaction = { begin: 'begin', commit: 'commit', rollback: 'rollback' };
const savepoint = {
  begin: 'savepoint inner_one',
  commit: 'release inner_one',
  rollback: 'rollback to inner_one; release inner_one',
};

/** Drizzle for one operation. */
export function drizzleFor({ pool, over, watch, onStatement }: Operation): PostgresJsDatabase {
  const assertInTime = (): void => {
    if (over?.aborted) throw new Unavailable('OPERATION_OVER', 'The operation is over.');
  };

  const unsafe = (run: Run) => (text: string, parameters?: Parameters) => {
    const ended = watch?.(text);
    const rows = run(async (connection) => {
      assertInTime();
      return connection.ask(text, parameters, over);
    });
    if (ended) rows.then(() => ended(), ended);
    return Object.assign(rows, { values: () => rows });
  };

  /** All of the work, or nothing. */
  const whole = async (
    connection: Connection,
    words: typeof transaction,
    work: Work,
  ): Promise<unknown> => {
    let failure: { readonly error: unknown } | undefined;
    const run: Run = async (statement) => {
      try {
        return await statement(connection);
      } catch (error) {
        failure ??= { error };
        throw error;
      }
    };
    assertInTime();
    await connection.ask(words.begin);
    try {
      const result = await work({
        unsafe: unsafe(run),
        savepoint: (inner) => whole(connection, savepoint, inner),
      });
      // After a statement that failed PostgreSQL would answer COMMIT with a rollback.
      if (failure) throw failure.error;
      assertInTime();
      await connection.ask(words.commit);
      return result;
    } catch (error) {
      await connection.ask(words.rollback).catch(() => {});
      throw error;
    }
  };

  const client: DrizzleClient = {
    // Drizzle writes here how values are read, which each connection's own client knows.
    options: { parsers: {}, serializers: {} },
    unsafe: unsafe((statement) => pool().use(statement)),
    begin: (work) =>
      pool().use((connection) => connection.whileOpen(whole(connection, transaction, work))),
  };
  return drizzle(
    client as unknown as postgres.Sql,
    onStatement ? { logger: { logQuery: onStatement } } : {},
  );
}
