import type { PgPreparedQuery, PreparedQueryConfig } from 'drizzle-orm/pg-core';
import type { Query } from 'drizzle-orm/sql';
import type { Db } from './client.ts';

type Buildable = { prepare(name: string): PgPreparedQuery<PreparedQueryConfig> };

/** Rows as the driver returns them: arrays of values, in the order of the statement's columns. */
export type BuiltStatement = (
  db: Db,
  values: Readonly<Record<string, unknown>>,
) => Promise<unknown[][]>;

/**
 * A statement that Drizzle builds once per process, at its first use, with `sql.placeholder` for
 * the values, because building it takes longer than a look-up by key. Drizzle's own `prepare` is
 * bound to one database object, and here each operation has its own.
 */
export function builtOnce(build: (db: Db) => Buildable): BuiltStatement {
  let query: Query | undefined;
  return async (db, values) => {
    query ??= build(db).prepare('built_once').getQuery();
    const asTheyCome = (rows: unknown[][]): unknown[][] => rows;
    const statement = db._.session.prepareQuery(query, undefined, undefined, true, asTheyCome);
    return (await statement.execute({ ...values })) as unknown[][];
  };
}
