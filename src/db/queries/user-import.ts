import { getTableColumns, getTableName, type SQL, sql } from 'drizzle-orm';
import type { Db } from '../driver/client.ts';
import { type IdentityRow, identities } from '../tables/identities.ts';
import { type PasskeyRow, passkeys } from '../tables/passkeys.ts';
import { type UserMetadataRow, userMetadata } from '../tables/user-metadata.ts';
import { type UserRow, users } from '../tables/users.ts';
import { isAnyOf } from './any-of.ts';
import type { IdentityKey } from './identities.ts';

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

/** The same for identities, which no other account is to have. */
export async function insertImportedIdentities(
  db: Db,
  input: { rows: readonly IdentityRow[] },
): Promise<Set<string>> {
  const keyed = input.rows.map((row) => [identityKey(row), row] as const);
  const sorted = keyed.sort(([a], [b]) => (a === b ? 0 : a < b ? -1 : 1)).map(([, row]) => row);
  const inserted = await db
    .insert(identities)
    .select(recordsOf(identities, sorted))
    .onConflictDoNothing()
    .returning({ id: identities.id });
  return new Set(inserted.map(({ id }) => id));
}

/** One text for each account at a provider. */
export function identityKey({ providerId, issuer, subject }: IdentityKey): string {
  return JSON.stringify([providerId, issuer, subject]);
}

/** Of users who have just been inserted. */
export async function insertImportedMetadata(
  db: Db,
  input: { rows: readonly UserMetadataRow[] },
): Promise<void> {
  await db.insert(userMetadata).select(recordsOf(userMetadata, input.rows));
}

/** A SELECT of these rows of a table. */
function recordsOf(
  table: typeof users | typeof passkeys | typeof identities | typeof userMetadata,
  rows: readonly object[],
): SQL {
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

/** Those of the identities that an account has. */
export async function findTakenIdentities(
  db: Db,
  input: { identities: readonly IdentityKey[] },
): Promise<IdentityKey[]> {
  if (input.identities.length === 0) return [];
  const { providerId, issuer, subject } = identities;
  const wanted = input.identities.map((one) => [one.providerId, one.issuer, one.subject]);
  const keys = sql`select key ->> 0, key ->> 1, key ->> 2
    from json_array_elements(${JSON.stringify(wanted)}::json) as wanted(key)`;
  return db
    .select({ providerId, issuer, subject })
    .from(identities)
    .where(sql`(${providerId}, ${issuer}, ${subject}) in (${keys})`);
}
