import { getTableColumns, sql } from 'drizzle-orm';
import type { Db } from '../driver/client.ts';
import { type UserRow, users } from '../tables/users.ts';
import { isAnyOf } from './any-of.ts';

/**
 * Inserts the users whose address and id are free, in one statement; returns the addresses of those
 * it inserted. The rows are sent as one JSON text: a parameter for each value costs several times
 * as much, here and in the database.
 */
export async function insertImportedUsers(
  db: Db,
  input: { rows: readonly UserRow[] },
): Promise<Set<string>> {
  const columns = Object.entries(getTableColumns(users));
  // In a fixed order, so that two concurrent imports cannot deadlock.
  const sorted = [...input.rows].sort((a, b) => (a.emailCanonical < b.emailCanonical ? -1 : 1));
  const json = sorted.map((row) =>
    Object.fromEntries(columns.map(([key, column]) => [column.name, Reflect.get(row, key)])),
  );
  const list = sql.join(
    columns.map(([, column]) => sql`${column}`),
    sql`, `,
  );
  const inserted = await db
    .insert(users)
    .select(
      sql`select ${list}
        from json_populate_recordset(null::users, ${JSON.stringify(json)}::json) as users`,
    )
    .onConflictDoNothing()
    .returning({ emailCanonical: users.emailCanonical });
  return new Set(inserted.map(({ emailCanonical }) => emailCanonical));
}

/** Those of the addresses that have an account. */
export async function findTakenAddresses(
  db: Db,
  input: { addresses: readonly string[] },
): Promise<Set<string>> {
  if (input.addresses.length === 0) return new Set();
  const rows = await db
    .select({ emailCanonical: users.emailCanonical })
    .from(users)
    .where(isAnyOf(users.emailCanonical, input.addresses));
  return new Set(rows.map(({ emailCanonical }) => emailCanonical));
}
