import { type SQL, sql } from 'drizzle-orm';
import { makePgArray, type PgColumn } from 'drizzle-orm/pg-core';

/**
 * `column = any(…)` with the whole list as one parameter: `in (…)` has another text for each
 * length, and each text would be prepared by itself. The list goes over as PostgreSQL writes an
 * array, which both drivers take.
 */
export function isAnyOf(column: PgColumn, values: readonly (string | Uint8Array)[]): SQL {
  const texts = values.map((value) =>
    typeof value === 'string'
      ? value
      : `\\x${Buffer.from(value.buffer, value.byteOffset, value.length).toString('hex')}`,
  );
  return sql`${column} = any(${makePgArray(texts)})`;
}
