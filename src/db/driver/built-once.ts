import type { PgPreparedQuery, PreparedQueryConfig } from 'drizzle-orm/pg-core';
import type { Query } from 'drizzle-orm/sql';
import type { Db } from './client.ts';

type Buildable = { prepare(name: string): PgPreparedQuery<PreparedQueryConfig> };

/**
 * Runs the statement by a request's own way to the database or in its transaction; rows come as the
 * driver has them, values in columns' order.
 */
export type BuiltStatement = (
  db: Db,
  values: Readonly<Record<string, unknown>>,
) => Promise<unknown[][]>;

/**
 * A statement that drizzle builds once in a process, at its first use, with `sql.placeholder` for
 * what differs. Building takes longer than all else that the server does for a row that is looked
 * up by its key; drizzle's own `prepare` holds the one way to the database that it was called on,
 * and each operation has its own here (db/driver/pool).
 */
export function builtOnce(build: (db: Db) => Buildable): BuiltStatement {
  let query: Query | undefined;
  return async (db, values) => {
    query ??= build(db).prepare('built_once').getQuery();
    const statement = db._.session.prepareQuery(query, undefined, undefined, true, asTheyCome);
    const rows: unknown = await statement.execute({ ...values });
    return rows as unknown[][];
  };
}

function asTheyCome(rows: unknown[][]): unknown[][] {
  return rows;
}
