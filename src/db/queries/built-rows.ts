import { type InferModelFromColumns, type SQL, sql } from 'drizzle-orm';
import type { PgColumn } from 'drizzle-orm/pg-core';
import { builtOnce } from '../driver/built-once.ts';
import type { Db } from '../driver/client.ts';

type Columns = Record<string, PgColumn>;
type Build<Chosen> = (db: Db, columns: Chosen) => ReturnType<Parameters<typeof builtOnce>[0]>;
type Values = Parameters<ReturnType<typeof builtOnce>>[1];

/**
 * A statement that is built once, with the columns that it selects or returns; its rows are decoded
 * as Drizzle would decode them.
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

/** Columns of a row from `start` on, decoded as Drizzle would decode them. */
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
 * A placeholder for a column's value, encoded as Drizzle would encode it, with null kept as null,
 * which Drizzle's own placeholder does not support for every column.
 */
export function given(column: PgColumn, name: string): SQL {
  const encoder = {
    mapToDriverValue: (value: unknown) => (value === null ? null : column.mapToDriverValue(value)),
  };
  return sql`${sql.param(sql.placeholder(name), encoder)}`;
}

/** The same for a row to insert: each column is a placeholder under its own name. */
export function givenRow<Name extends string>(
  columns: Readonly<Record<Name, PgColumn>>,
  names: readonly Name[],
): Record<Name, SQL> {
  const row: Partial<Record<Name, SQL>> = {};
  for (const name of names) row[name] = given(columns[name], name);
  return row as Record<Name, SQL>;
}
