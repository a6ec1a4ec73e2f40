import { inArray } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { users } from '../tables/users.ts';

/** Inserts those whose address and id nobody has, in one statement; answers with the addresses of those it inserted. */
export async function insertImportedUsers(
  db: Db,
  input: { rows: readonly (typeof users.$inferInsert)[] },
): Promise<Set<string>> {
  const inserted = await db
    .insert(users)
    // In one order, so that two imports at once never wait for each other's rows.
    .values([...input.rows].sort((a, b) => (a.emailCanonical < b.emailCanonical ? -1 : 1)))
    .onConflictDoNothing()
    .returning({ emailCanonical: users.emailCanonical });
  return new Set(inserted.map(({ emailCanonical }) => emailCanonical));
}

/** Those of the addresses that have an account. */
export async function findTakenAddresses(db: Db, input: { addresses: readonly string[] }): Promise<Set<string>> {
  if (input.addresses.length === 0) return new Set();
  const rows = await db
    .select({ emailCanonical: users.emailCanonical })
    .from(users)
    .where(inArray(users.emailCanonical, [...input.addresses]));
  return new Set(rows.map(({ emailCanonical }) => emailCanonical));
}
