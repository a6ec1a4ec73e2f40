import { and, asc, eq, gt, gte, inArray, isNull, sql } from 'drizzle-orm';
import type { Db } from '../driver/client.ts';
import { type AccountTokenRow, accountTokens } from '../tables/account-tokens.ts';
import { type UserRow, users } from '../tables/users.ts';

export type AccountTokenPurpose = 'RESET_PASSWORD' | 'INVITATION' | 'UNDO_EMAIL_CHANGE';

/**
 * Stores a token. A reset token replaces the user's previous one in the same statement: of any
 * number of concurrent requests one token stays valid (RC-3).
 */
export async function putAccountToken(
  db: Db,
  row: typeof accountTokens.$inferInsert,
): Promise<void> {
  const { id, tokenHash, email, createdAt, expiresAt } = row;
  await db
    .insert(accountTokens)
    .values(row)
    .onConflictDoUpdate({
      target: accountTokens.userId,
      targetWhere: sql`${accountTokens.purpose} = 'RESET_PASSWORD'
        and ${accountTokens.endedAt} is null`,
      set: { id, tokenHash, email, createdAt, expiresAt },
    });
}

/** A valid token with its user. Reading does not consume it. */
export async function findAccountToken(
  db: Db,
  input: { tokenHash: Uint8Array; purposes: readonly AccountTokenPurpose[]; now: Date },
): Promise<{ readonly token: AccountTokenRow; readonly user: UserRow } | null> {
  const [row] = await db
    .select({ token: accountTokens, user: users })
    .from(accountTokens)
    .innerJoin(users, eq(users.id, accountTokens.userId))
    .where(
      and(
        eq(accountTokens.tokenHash, input.tokenHash),
        inArray(accountTokens.purpose, [...input.purposes]),
        isNull(accountTokens.endedAt),
        gt(accountTokens.expiresAt, input.now),
      ),
    );
  return row ?? null;
}

/** Consumes a token; of any number of concurrent callers one succeeds (RC-2). */
export async function spendAccountToken(
  db: Db,
  input: { tokenHash: Uint8Array; now: Date },
): Promise<boolean> {
  const rows = await db
    .update(accountTokens)
    .set({ endedAt: input.now })
    .where(
      and(
        eq(accountTokens.tokenHash, input.tokenHash),
        isNull(accountTokens.endedAt),
        gt(accountTokens.expiresAt, input.now),
      ),
    )
    .returning({ id: accountTokens.id });
  return rows.length === 1;
}

/**
 * Revokes a user's tokens of the given purposes, only those created at or after `madeSince` when it
 * is given.
 */
export async function endAccountTokens(
  db: Db,
  input: { userId: string; purposes: readonly AccountTokenPurpose[]; madeSince?: Date; now: Date },
): Promise<void> {
  await db
    .update(accountTokens)
    .set({ endedAt: input.now })
    .where(
      and(
        eq(accountTokens.userId, input.userId),
        inArray(accountTokens.purpose, [...input.purposes]),
        isNull(accountTokens.endedAt),
        ...(input.madeSince === undefined ? [] : [gte(accountTokens.createdAt, input.madeSince)]),
      ),
    );
}

/** Every stored token of a user, the oldest first; at most `limit`. */
export async function findTokensOf(
  db: Db,
  input: { userId: string; limit: number },
): Promise<AccountTokenRow[]> {
  return db
    .select()
    .from(accountTokens)
    .where(eq(accountTokens.userId, input.userId))
    .orderBy(asc(accountTokens.createdAt))
    .limit(input.limit);
}
