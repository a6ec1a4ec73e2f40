import { getTableColumns, getTableName, type SQL, sql } from 'drizzle-orm';
import type { Db } from '../driver/client.ts';
import { type PasskeyRow, passkeys } from '../tables/passkeys.ts';
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
  // In a fixed order, so that two concurrent imports cannot deadlock.
  const sorted = [...input.rows].sort((a, b) => (a.emailCanonical < b.emailCanonical ? -1 : 1));
  const inserted = await db
    .insert(users)
    .select(recordsOf(users, sorted))
    .onConflictDoNothing()
    .returning({ emailCanonical: users.emailCanonical });
  return new Set(inserted.map(({ emailCanonical }) => emailCanonical));
}

/** The same for passkeys, whose credential ids are to be free; returns the ids of the rows. */
export async function insertImportedPasskeys(
  db: Db,
  input: { rows: readonly PasskeyRow[] },
): Promise<Set<string>> {
  const order = new Map(input.rows.map((row) => [row, Buffer.from(row.credentialId)] as const));
  const sorted = [...order].sort(([, a], [, b]) => Buffer.compare(a, b)).map(([row]) => row);
  const inserted = await db
    .insert(passkeys)
    .select(recordsOf(passkeys, sorted))
    .onConflictDoNothing()
    .returning({ id: passkeys.id });
  return new Set(inserted.map(({ id }) => id));
}

/** A SELECT of these rows of a table. */
function recordsOf(table: typeof users | typeof passkeys, rows: readonly object[]): SQL {
  const columns = Object.entries(getTableColumns(table));
  const json = rows.map((row) =>
    Object.fromEntries(
      columns.map(([key, column]) => [column.name, asJson(Reflect.get(row, key))]),
    ),
  );
  const list = sql.join(
    columns.map(([, column]) => sql`${column}`),
    sql`, `,
  );
  const name = sql.identifier(getTableName(table));
  return sql`select ${list}
    from json_populate_recordset(null::${name}, ${JSON.stringify(json)}::json) as ${name}`;
}

/** Bytes as PostgreSQL reads them. */
function asJson(value: unknown): unknown {
  return value instanceof Uint8Array ? `\\x${Buffer.from(value).toString('hex')}` : value;
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
