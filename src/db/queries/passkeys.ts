import { and, asc, count, eq, gte, isNull, lt, max, min, sql } from 'drizzle-orm';
import type { Db } from '../driver/client.ts';
import { type PasskeyRow, passkeys } from '../tables/passkeys.ts';
import { users } from '../tables/users.ts';
import { isAnyOf } from './any-of.ts';

/** What a new passkey contains; an imported one may have been used before. */
export type NewPasskey = typeof passkeys.$inferInsert;

/** False where any user has its credential id already (PK-5). */
export async function insertPasskey(db: Db, row: NewPasskey): Promise<boolean> {
  const rows = await db
    .insert(passkeys)
    .values(row)
    .onConflictDoNothing({ target: passkeys.credentialId })
    .returning({ id: passkeys.id });
  return rows.length === 1;
}

/**
 * WebAuthn's user handle of a user: the given one where there is none yet, and always the first one
 * afterwards. Null where the user is gone.
 */
export async function keepPasskeyHandle(
  db: Db,
  input: { userId: string; handle: Uint8Array },
): Promise<Uint8Array | null> {
  const [row] = await db
    .update(users)
    .set({ passkeyHandle: sql`coalesce(${users.passkeyHandle}, ${input.handle})` })
    .where(eq(users.id, input.userId))
    .returning({ handle: users.passkeyHandle });
  return row?.handle ?? null;
}

/** Of any user: the caller judges whose it is (PK-9). */
export async function findPasskeyByCredentialId(
  db: Db,
  input: { credentialId: Uint8Array },
): Promise<PasskeyRow | null> {
  const [row] = await db
    .select()
    .from(passkeys)
    .where(eq(passkeys.credentialId, input.credentialId));
  return row ?? null;
}

/** Every passkey of a user, the oldest first; at most `limit`. */
export async function listPasskeys(
  db: Db,
  input: { userId: string; limit: number },
): Promise<PasskeyRow[]> {
  return db
    .select()
    .from(passkeys)
    .where(eq(passkeys.userId, input.userId))
    .orderBy(asc(passkeys.createdAt), asc(passkeys.id))
    .limit(input.limit);
}

/** Those of several users, in one list, the oldest first. */
export async function listPasskeysOf(
  db: Db,
  input: { userIds: readonly string[] },
): Promise<PasskeyRow[]> {
  return db
    .select()
    .from(passkeys)
    .where(isAnyOf(passkeys.userId, input.userIds))
    .orderBy(asc(passkeys.createdAt), asc(passkeys.id));
}

export async function countPasskeys(db: Db, input: { userId: string }): Promise<number> {
  const [row] = await db
    .select({ number: count() })
    .from(passkeys)
    .where(eq(passkeys.userId, input.userId));
  return row?.number ?? 0;
}

/** The number of passkeys of each of these users; one without any is left out. */
export async function countPasskeysOf(
  db: Db,
  input: { userIds: readonly string[] },
): Promise<Map<string, number>> {
  const rows = await db
    .select({ userId: passkeys.userId, number: count() })
    .from(passkeys)
    .where(isAnyOf(passkeys.userId, input.userIds))
    .groupBy(passkeys.userId);
  return new Map(rows.map(({ userId, number }) => [userId, number]));
}

/** Null where the user has no such passkey. */
export async function renamePasskey(
  db: Db,
  input: { id: string; userId: string; name: string },
): Promise<PasskeyRow | null> {
  const [row] = await db
    .update(passkeys)
    .set({ name: input.name })
    .where(and(eq(passkeys.id, input.id), eq(passkeys.userId, input.userId)))
    .returning();
  return row ?? null;
}

/**
 * Stores what an accepted assertion told. The counter moves forward, never back, and whether the
 * passkey may be copied never changes: of concurrent callers with the same counter one gets the
 * row (PK-6, PK-17). Null where that does not hold, or the passkey is gone.
 */
export async function advancePasskey(
  db: Db,
  input: {
    id: string;
    userId: string;
    signCount: number;
    backupEligible: boolean;
    backupState: boolean;
    uvInitialized: boolean;
    now: Date;
  },
): Promise<PasskeyRow | null> {
  const { signCount } = input;
  // An authenticator without a counter sends 0 each time.
  const isForward = signCount === 0 ? eq(passkeys.signCount, 0) : lt(passkeys.signCount, signCount);
  const [row] = await db
    .update(passkeys)
    .set({
      signCount,
      backupState: input.backupState,
      uvInitialized: input.uvInitialized,
      lastUsedAt: input.now,
    })
    .where(
      and(
        eq(passkeys.id, input.id),
        eq(passkeys.userId, input.userId),
        eq(passkeys.backupEligible, input.backupEligible),
        isForward,
      ),
    )
    .returning();
  return row ?? null;
}

/** Marks a passkey whose counter went back; true for the first time only. */
export async function markPasskeySuspect(
  db: Db,
  input: { id: string; now: Date },
): Promise<boolean> {
  const rows = await db
    .update(passkeys)
    .set({ suspectAt: input.now })
    .where(and(eq(passkeys.id, input.id), isNull(passkeys.suspectAt)))
    .returning({ id: passkeys.id });
  return rows.length === 1;
}

/** The removed passkey; null where the user has no such one. */
export async function deletePasskey(
  db: Db,
  input: { id: string; userId: string },
): Promise<PasskeyRow | null> {
  const [row] = await db
    .delete(passkeys)
    .where(and(eq(passkeys.id, input.id), eq(passkeys.userId, input.userId)))
    .returning();
  return row ?? null;
}

/** Their number. */
export async function deletePasskeys(db: Db, input: { userId: string }): Promise<number> {
  const rows = await db
    .delete(passkeys)
    .where(eq(passkeys.userId, input.userId))
    .returning({ id: passkeys.id });
  return rows.length;
}

/** Removes those that were registered at or after `since`; their number. */
export async function deletePasskeysSince(
  db: Db,
  input: { userId: string; since: Date },
): Promise<number> {
  const rows = await db
    .delete(passkeys)
    .where(and(eq(passkeys.userId, input.userId), gte(passkeys.createdAt, input.since)))
    .returning({ id: passkeys.id });
  return rows.length;
}

/**
 * Whether any passkey is registered under another RP ID, where it does not work. The first and the
 * last in the order of an index tell: a search for another one would read all that are right.
 */
export async function hasForeignPasskeys(
  db: Db,
  { rpId }: { readonly rpId: string },
): Promise<boolean> {
  const [row] = await db
    .select({ first: min(passkeys.rpId), last: max(passkeys.rpId) })
    .from(passkeys);
  return [row?.first ?? rpId, row?.last ?? rpId].some((one) => one !== rpId);
}
