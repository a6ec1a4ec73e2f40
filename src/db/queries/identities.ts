import { and, asc, count, eq, getTableColumns, gte } from 'drizzle-orm';
import type { Db } from '../driver/client.ts';
import { type IdentityRow, identities } from '../tables/identities.ts';
import { type UserRow, users } from '../tables/users.ts';
import { isAnyOf } from './any-of.ts';

/** What names an account at a provider; SECURITY: only all three together do (ADV-64). */
export type IdentityKey = Pick<IdentityRow, 'providerId' | 'issuer' | 'subject'>;

const isThis = ({ providerId, issuer, subject }: IdentityKey) =>
  and(
    eq(identities.providerId, providerId),
    eq(identities.issuer, issuer),
    eq(identities.subject, subject),
  );

/** False where any user has it already. */
export async function insertIdentity(db: Db, row: IdentityRow): Promise<boolean> {
  const rows = await db
    .insert(identities)
    .values(row)
    .onConflictDoNothing({
      target: [identities.providerId, identities.issuer, identities.subject],
    })
    .returning({ id: identities.id });
  return rows.length === 1;
}

const selectOwner = (db: Db, key: IdentityKey) =>
  db
    .select(getTableColumns(users))
    .from(identities)
    .innerJoin(users, eq(users.id, identities.userId))
    .where(isThis(key));

/** The user who has it, in any state. */
export async function findUserByIdentity(db: Db, key: IdentityKey): Promise<UserRow | null> {
  const [row] = await selectOwner(db, key);
  return row ?? null;
}

/**
 * The same, with the user's row locked until the transaction ends. It may have been unlinked while
 * this waited, which `touchIdentity` tells.
 */
export async function holdUserByIdentity(db: Db, key: IdentityKey): Promise<UserRow | null> {
  const [row] = await selectOwner(db, key).for('no key update', { of: users });
  return row ?? null;
}

/**
 * Notes what the provider calls it by now, and a use at `now`, where there is one; null where the
 * user has it no more.
 */
export async function touchIdentity(
  db: Db,
  input: IdentityKey & { userId: string; label: string | null; now: Date | null },
): Promise<IdentityRow | null> {
  const { label, now } = input;
  const [row] = await db
    .update(identities)
    .set({ label, ...(now === null ? {} : { lastUsedAt: now }) })
    .where(and(isThis(input), eq(identities.userId, input.userId)))
    .returning();
  return row ?? null;
}

/** Every identity of a user, the oldest first; at most `limit`. */
export async function listIdentities(
  db: Db,
  input: { userId: string; limit: number },
): Promise<IdentityRow[]> {
  return db
    .select()
    .from(identities)
    .where(eq(identities.userId, input.userId))
    .orderBy(asc(identities.createdAt), asc(identities.id))
    .limit(input.limit);
}

export async function countIdentities(db: Db, input: { userId: string }): Promise<number> {
  const [row] = await db
    .select({ number: count() })
    .from(identities)
    .where(eq(identities.userId, input.userId));
  return row?.number ?? 0;
}

/** Those of each of these users, the oldest first. */
export async function listIdentitiesOf(
  db: Db,
  input: { userIds: readonly string[] },
): Promise<IdentityRow[]> {
  return db
    .select()
    .from(identities)
    .where(isAnyOf(identities.userId, input.userIds))
    .orderBy(asc(identities.createdAt), asc(identities.id));
}

/** The removed one; null where the user has no such identity. */
export async function deleteIdentity(
  db: Db,
  input: { id: string; userId: string },
): Promise<IdentityRow | null> {
  const [row] = await db
    .delete(identities)
    .where(and(eq(identities.id, input.id), eq(identities.userId, input.userId)))
    .returning();
  return row ?? null;
}

/** Their number. */
export async function deleteIdentities(db: Db, input: { userId: string }): Promise<number> {
  const rows = await db
    .delete(identities)
    .where(eq(identities.userId, input.userId))
    .returning({ id: identities.id });
  return rows.length;
}

/** Removes those that were linked at or after `since`; their number. */
export async function deleteIdentitiesSince(
  db: Db,
  input: { userId: string; since: Date },
): Promise<number> {
  const rows = await db
    .delete(identities)
    .where(and(eq(identities.userId, input.userId), gte(identities.createdAt, input.since)))
    .returning({ id: identities.id });
  return rows.length;
}
