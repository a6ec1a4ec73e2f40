import { and, eq, gt, inArray, isNotNull, isNull, or } from 'drizzle-orm';
import type { Db } from '../driver/client.ts';
import { type PasskeyChallengeRow, passkeyChallenges } from '../tables/passkey-challenges.ts';

/** What a new challenge contains. */
export type NewPasskeyChallenge = Omit<PasskeyChallengeRow, 'consumedAt'>;

export async function insertPasskeyChallenge(db: Db, row: NewPasskeyChallenge): Promise<void> {
  await db.insert(passkeyChallenges).values(row);
}

/**
 * Takes a live challenge, for good: of any number of concurrent callers, on any instance, one gets
 * it (PK-1, PK-13). Null when it is unknown, expired, taken, for another purpose or of another
 * session.
 */
export async function takePasskeyChallenge(
  db: Db,
  input: {
    handleHash: Uint8Array;
    purposes: readonly string[];
    /** The caller's session; null matches only challenges that are bound to none. */
    sessionId: string | null;
    now: Date;
  },
): Promise<PasskeyChallengeRow | null> {
  const { sessionId, now } = input;
  const isUnbound = isNull(passkeyChallenges.sessionId);
  const [row] = await db
    .update(passkeyChallenges)
    .set({ consumedAt: now })
    .where(
      and(
        eq(passkeyChallenges.handleHash, input.handleHash),
        inArray(passkeyChallenges.purpose, [...input.purposes]),
        sessionId === null ? isUnbound : or(isUnbound, eq(passkeyChallenges.sessionId, sessionId)),
        isNull(passkeyChallenges.consumedAt),
        gt(passkeyChallenges.expiresAt, now),
      ),
    )
    .returning();
  return row ?? null;
}

/** Whether a ceremony completes a challenge that its caller came to by another proof. */
export async function isBoundCeremony(db: Db, input: { handleHash: Uint8Array }): Promise<boolean> {
  const rows = await db
    .select({ id: passkeyChallenges.id })
    .from(passkeyChallenges)
    .where(
      and(
        eq(passkeyChallenges.handleHash, input.handleHash),
        isNotNull(passkeyChallenges.otpChallengeId),
      ),
    );
  return rows.length === 1;
}
