import { and, asc, eq, gt, inArray, isNull, lt, lte, ne, or, sql } from 'drizzle-orm';
import type { Db } from '../driver/client.ts';
import { type OtpChallengeRow, otpChallenges } from '../tables/otp-challenges.ts';

export async function insertChallenge(
  db: Db,
  row: typeof otpChallenges.$inferInsert,
): Promise<OtpChallengeRow> {
  const [inserted] = await db.insert(otpChallenges).values(row).returning();
  if (!inserted) throw new Error('The challenge was not stored.');
  return inserted;
}

export async function findChallenge(
  db: Db,
  input: { handleHash: Uint8Array },
): Promise<OtpChallengeRow | null> {
  const [row] = await db
    .select()
    .from(otpChallenges)
    .where(eq(otpChallenges.handleHash, input.handleHash));
  return row ?? null;
}

/**
 * Takes one of the tries, before any code is compared and committed on its own, so that parallel
 * guesses cannot share one (OT-3, ADV-29, ADV-43). Null where the challenge is unknown, over, met,
 * used up, for another purpose or of another session.
 */
export async function reserveAttempt(
  db: Db,
  input: {
    handleHash: Uint8Array;
    purposes: readonly string[];
    /** The caller's session; null meets only what is bound to none. */
    sessionId: string | null;
    maxAttempts: number;
    now: Date;
  },
): Promise<OtpChallengeRow | null> {
  const [row] = await db
    .update(otpChallenges)
    .set({ attempts: sql`${otpChallenges.attempts} + 1` })
    .where(
      and(
        eq(otpChallenges.handleHash, input.handleHash),
        inArray(otpChallenges.purpose, [...input.purposes]),
        or(
          isNull(otpChallenges.sessionId),
          sql`${otpChallenges.sessionId} = ${input.sessionId}::uuid`,
        ),
        lt(otpChallenges.attempts, input.maxAttempts),
        isNull(otpChallenges.consumedAt),
        gt(otpChallenges.expiresAt, input.now),
      ),
    )
    .returning();
  return row ?? null;
}

/** Meets the challenge; of any number of callers one succeeds (OT-2). */
export async function consumeChallenge(
  db: Db,
  input: { id: string; codeHash: Uint8Array | null; now: Date },
): Promise<OtpChallengeRow | null> {
  const [row] = await db
    .update(otpChallenges)
    .set({ consumedAt: input.now, pendingPasswordHash: null, pendingName: null })
    .where(
      and(
        eq(otpChallenges.id, input.id),
        isNull(otpChallenges.consumedAt),
        gt(otpChallenges.expiresAt, input.now),
        // A resend in between has put another code in its place.
        ...(input.codeHash === null ? [] : [eq(otpChallenges.codeHash, input.codeHash)]),
      ),
    )
    .returning();
  return row ?? null;
}

/**
 * A new code in place of the old; the tries that were used stay used (OT-4). Null where it is too
 * early, too often or over.
 */
export async function renewCode(
  db: Db,
  input: {
    handleHash: Uint8Array;
    codeHash: Uint8Array;
    maxAttempts: number;
    maxResends: number;
    now: Date;
    expiresAt: Date;
    resendAvailableAt: Date;
  },
): Promise<OtpChallengeRow | null> {
  const [row] = await db
    .update(otpChallenges)
    .set({
      codeHash: input.codeHash,
      resends: sql`${otpChallenges.resends} + 1`,
      expiresAt: input.expiresAt,
      resendAvailableAt: input.resendAvailableAt,
    })
    .where(
      and(
        eq(otpChallenges.handleHash, input.handleHash),
        isNull(otpChallenges.consumedAt),
        gt(otpChallenges.expiresAt, input.now),
        lte(otpChallenges.resendAvailableAt, input.now),
        lt(otpChallenges.attempts, input.maxAttempts),
        lt(otpChallenges.resends, input.maxResends),
      ),
    )
    .returning();
  return row ?? null;
}

/**
 * Ends what else is open for a user, such as other registrations for the address that has just been
 * claimed (RC-7).
 */
export async function endOtherChallenges(
  db: Db,
  input: { userId: string; exceptId: string; now: Date },
): Promise<void> {
  await db
    .update(otpChallenges)
    .set({ consumedAt: input.now, pendingPasswordHash: null, pendingName: null })
    .where(
      and(
        eq(otpChallenges.userId, input.userId),
        ne(otpChallenges.id, input.exceptId),
        isNull(otpChallenges.consumedAt),
      ),
    );
}

/** Ends everything that is open for a user, or all of one purpose. */
export async function endChallenges(
  db: Db,
  input: { userId: string; purpose?: string; now: Date },
): Promise<void> {
  await db
    .update(otpChallenges)
    .set({ consumedAt: input.now, pendingPasswordHash: null, pendingName: null })
    .where(
      and(
        eq(otpChallenges.userId, input.userId),
        isNull(otpChallenges.consumedAt),
        ...(input.purpose === undefined ? [] : [eq(otpChallenges.purpose, input.purpose)]),
      ),
    );
}

/** Every challenge that is kept of a user, the oldest first; `limit` at most. */
export async function findChallengesOf(
  db: Db,
  input: { userId: string; limit: number },
): Promise<OtpChallengeRow[]> {
  return db
    .select()
    .from(otpChallenges)
    .where(eq(otpChallenges.userId, input.userId))
    .orderBy(asc(otpChallenges.createdAt))
    .limit(input.limit);
}
