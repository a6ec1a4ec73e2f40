import { and, count, eq, gte, isNull, sql } from 'drizzle-orm';
import { builtOnce } from '../driver/built-once.ts';
import type { Db } from '../driver/client.ts';
import { type RecoveryCodeRow, recoveryCodes } from '../tables/recovery-codes.ts';
import { isAnyOf } from './any-of.ts';

/**
 * Replaces the user's set of codes (OT-16). Call it in a transaction that has locked the user's
 * row.
 */
export async function replaceRecoveryCodes(
  db: Db,
  input: { userId: string; rows: readonly (typeof recoveryCodes.$inferInsert)[] },
): Promise<void> {
  await deleteRecoveryCodes(db, { userId: input.userId });
  await db.insert(recoveryCodes).values([...input.rows]);
}

const deleteOf = builtOnce((db) =>
  db.delete(recoveryCodes).where(eq(recoveryCodes.userId, sql.placeholder('userId'))),
);

export async function deleteRecoveryCodes(db: Db, input: { userId: string }): Promise<void> {
  await deleteOf(db, input);
}

/** Removes the codes of a set that was made at or after `since`. */
export async function deleteRecoveryCodesSince(
  db: Db,
  input: { userId: string; since: Date },
): Promise<void> {
  await db
    .delete(recoveryCodes)
    .where(and(eq(recoveryCodes.userId, input.userId), gte(recoveryCodes.createdAt, input.since)));
}

/**
 * Compare-and-set: of any number of concurrent callers with the same code one gets true (ADV-34,
 * ADV-35).
 */
export async function spendRecoveryCode(
  db: Db,
  input: { userId: string; codeHashes: readonly Uint8Array[]; now: Date },
): Promise<boolean> {
  const rows = await db
    .update(recoveryCodes)
    .set({ usedAt: input.now })
    .where(
      and(
        eq(recoveryCodes.userId, input.userId),
        isAnyOf(recoveryCodes.codeHash, input.codeHashes),
        isNull(recoveryCodes.usedAt),
      ),
    )
    .returning({ id: recoveryCodes.id });
  return rows.length === 1;
}

export async function listUnusedRecoveryCodes(
  db: Db,
  input: { userId: string },
): Promise<Pick<RecoveryCodeRow, 'keyId'>[]> {
  return db
    .select({ keyId: recoveryCodes.keyId })
    .from(recoveryCodes)
    .where(and(eq(recoveryCodes.userId, input.userId), isNull(recoveryCodes.usedAt)));
}

/** The number of unused codes of each of these users under each key. */
export async function countUnusedRecoveryCodesOf(
  db: Db,
  input: { userIds: readonly string[] },
): Promise<(Pick<RecoveryCodeRow, 'userId' | 'keyId'> & { readonly number: number })[]> {
  const { userId, keyId, usedAt } = recoveryCodes;
  return db
    .select({ userId, keyId, number: count() })
    .from(recoveryCodes)
    .where(and(isAnyOf(userId, input.userIds), isNull(usedAt)))
    .groupBy(userId, keyId);
}
