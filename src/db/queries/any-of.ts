import { type SQL, sql } from 'drizzle-orm';
import { makePgArray, type PgColumn } from 'drizzle-orm/pg-core';

/**
 * `column = any(…)` with the whole list as one parameter: `in (…)` has a different text for each
 * length, and each text would be prepared separately.
 */
export function isAnyOf(column: PgColumn, values: readonly (string | Uint8Array)[]): SQL {
  return sql`${column} = any(${asPgArray(values)})`;
}

/** The same in a statement that is built once; pass the list through `asPgArray`. */
export function isAnyGiven(column: PgColumn, name: string): SQL {
  return sql`${column} = any(${sql.placeholder(name)})`;
}

/** A list in PostgreSQL's array syntax, which both drivers accept. */
export function asPgArray(values: readonly (string | Uint8Array)[]): string {
  const texts = values.map((value) =>
    typeof value === 'string'
      ? value
      : `\\x${Buffer.from(value.buffer, value.byteOffset, value.length).toString('hex')}`,
  );
  return makePgArray(texts);
}
