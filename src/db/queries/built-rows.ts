import { type InferModelFromColumns, type SQL, sql } from 'drizzle-orm';
import type { PgColumn } from 'drizzle-orm/pg-core';
import { builtOnce } from '../driver/built-once.ts';
import type { Db } from '../driver/client.ts';

type Columns = Record<string, PgColumn>;
type Build<Chosen> = (db: Db, columns: Chosen) => ReturnType<Parameters<typeof builtOnce>[0]>;
type Values = Parameters<ReturnType<typeof builtOnce>>[1];

/**
 * A statement that is built once, with the columns that it selects or returns: its rows come as
 * drizzle would read them.
 */
export function builtForRows<Chosen extends Columns>(
  columns: Chosen,
  build: Build<Chosen>,
): (db: Db, values: Values) => Promise<InferModelFromColumns<Chosen>[]> {
  const statement = builtOnce((db) => build(db, columns));
  const named = Object.entries(columns);
  return async (db, values) => {
    const rows = await statement(db, values);
    return rows.map((row) => readColumns<InferModelFromColumns<Chosen>>(row, named, 0));
  };
}

/** Columns of a row from `start` on, as drizzle would read them. */
export function readColumns<T>(
  row: readonly unknown[],
  columns: readonly (readonly [name: string, column: PgColumn])[],
  start: number,
): T {
  const values: Record<string, unknown> = {};
  columns.forEach(([name, column], index) => {
    const value = row[start + index];
    values[name] = value === null ? null : column.mapFromDriverValue(value);
  });
  return values as T;
}

/**
 * What is given for a column of a statement that is built once, under a name: as drizzle would
 * write it, and null as null, which drizzle's own placeholder does not take for every column.
 */
export function given(column: PgColumn, name: string): SQL {
  const encoder = {
    mapToDriverValue: (value: unknown) => (value === null ? null : column.mapToDriverValue(value)),
  };
  return sql`${sql.param(sql.placeholder(name), encoder)}`;
}

/** The same for a row to be inserted: each of these columns under its own name. */
export function givenRow<Name extends string>(
  columns: Readonly<Record<Name, PgColumn>>,
  names: readonly Name[],
): Record<Name, SQL> {
  const row: Partial<Record<Name, SQL>> = {};
  for (const name of names) row[name] = given(columns[name], name);
  return row as Record<Name, SQL>;
}
