import {
  and,
  asc,
  eq,
  getTableColumns,
  gt,
  inArray,
  isNull,
  lt,
  lte,
  ne,
  or,
  sql,
} from 'drizzle-orm';
import { builtOnce } from '../driver/built-once.ts';
import type { Db } from '../driver/client.ts';
import { type OtpChallengeRow, otpChallenges } from '../tables/otp-challenges.ts';
import { asPgArray, isAnyGiven } from './any-of.ts';
import { builtForRows, given, givenRow } from './built-rows.ts';

const wholeChallenge = getTableColumns(otpChallenges);

const begun = [
  'id',
  'handleHash',
  'userId',
  'sessionId',
  'purpose',
  'methods',
  'provedMethods',
  'passwordChangedAt',
  'email',
  'sentTo',
  'codeHash',
  'linkHash',
  'accountKey',
  'originKey',
  'knownSessionId',
  'accountProved',
  'pendingPasswordHash',
  'pendingName',
  'pendingLocale',
  'pendingIdentity',
  'resendAvailableAt',
  'expiresAt',
  'createdAt',
] as const;

/** What a new challenge contains. */
export type NewChallenge = Pick<OtpChallengeRow, (typeof begun)[number]>;

const insert = builtOnce((db) => db.insert(otpChallenges).values(givenRow(otpChallenges, begun)));

export async function insertChallenge(db: Db, row: NewChallenge): Promise<void> {
  await insert(db, row);
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

export async function findChallengeById(
  db: Db,
  input: { id: string },
): Promise<OtpChallengeRow | null> {
  const [row] = await db.select().from(otpChallenges).where(eq(otpChallenges.id, input.id));
  return row ?? null;
}

/**
 * The live challenge whose mail had the link. Its used-up tries do not count: they are wrong codes,
 * which anyone who began it can type.
 */
export async function findChallengeByLink(
  db: Db,
  input: { linkHash: Uint8Array; purposes: readonly string[]; now: Date },
): Promise<OtpChallengeRow | null> {
  const [row] = await db
    .select()
    .from(otpChallenges)
    .where(
      and(
        eq(otpChallenges.linkHash, input.linkHash),
        inArray(otpChallenges.purpose, [...input.purposes]),
        isNull(otpChallenges.consumedAt),
        gt(otpChallenges.expiresAt, input.now),
      ),
    );
  return row ?? null;
}

const takeAttempt = builtForRows(wholeChallenge, (db, columns) =>
  db
    .update(otpChallenges)
    .set({ attempts: sql`${otpChallenges.attempts} + 1` })
    .where(
      and(
        eq(otpChallenges.handleHash, sql.placeholder('handleHash')),
        isAnyGiven(otpChallenges.purpose, 'purposes'),
        or(
          isNull(otpChallenges.sessionId),
          sql`${otpChallenges.sessionId} = ${sql.placeholder('sessionId')}::uuid`,
        ),
        lt(otpChallenges.attempts, sql.placeholder('maxAttempts')),
        isNull(otpChallenges.consumedAt),
        gt(otpChallenges.expiresAt, given(otpChallenges.expiresAt, 'now')),
      ),
    )
    .returning(columns),
);

/**
 * Consumes one try before any code is compared, committed on its own, so that parallel guesses
 * cannot share one (OT-3, ADV-29, ADV-43). Null when the challenge is unknown, expired, completed,
 * exhausted, for another purpose or of another session.
 */
export async function reserveAttempt(
  db: Db,
  input: {
    handleHash: Uint8Array;
    purposes: readonly string[];
    /** The caller's session; null matches only challenges that are bound to none. */
    sessionId: string | null;
    maxAttempts: number;
    now: Date;
  },
): Promise<OtpChallengeRow | null> {
  const [row] = await takeAttempt(db, { ...input, purposes: asPgArray(input.purposes) });
  return row ?? null;
}

/** An ended challenge keeps nothing of the registration, or identity, that it was created for. */
const consumed = {
  consumedAt: given(otpChallenges.consumedAt, 'now'),
  pendingPasswordHash: null,
  pendingName: null,
  pendingIdentity: null,
};

const isPreviousCode = and(
  eq(otpChallenges.previousCodeHash, sql.placeholder('codeHash')),
  gt(otpChallenges.previousCodeExpiresAt, given(otpChallenges.previousCodeExpiresAt, 'now')),
);

const consume = builtForRows(wholeChallenge, (db, columns) =>
  db
    .update(otpChallenges)
    .set(consumed)
    .where(
      and(
        eq(otpChallenges.id, sql.placeholder('id')),
        isNull(otpChallenges.consumedAt),
        gt(otpChallenges.expiresAt, given(otpChallenges.expiresAt, 'now')),
        // A resend in between has replaced the code and the link; a reminder has kept the code.
        sql`(${sql.placeholder('codeHash')}::bytea is null
          or ${otpChallenges.codeHash} = ${sql.placeholder('codeHash')}
          or ${isPreviousCode})`,
        sql`(${sql.placeholder('linkHash')}::bytea is null
          or ${otpChallenges.linkHash} = ${sql.placeholder('linkHash')})`,
      ),
    )
    .returning(columns),
);

/**
 * Completes the challenge, where the given code or link is still its own; of any number of
 * concurrent callers one succeeds (OT-2).
 */
export async function consumeChallenge(
  db: Db,
  input: {
    id: string;
    codeHash?: Uint8Array | null;
    linkHash?: Uint8Array | null;
    now: Date;
  },
): Promise<OtpChallengeRow | null> {
  const { id, codeHash = null, linkHash = null, now } = input;
  const [row] = await consume(db, { id, codeHash, linkHash, now });
  return row ?? null;
}

/**
 * Replaces the code and the link; used tries stay used (OT-4). Null when it is too early, too
 * often or expired.
 */
export async function renewCode(
  db: Db,
  input: {
    handleHash: Uint8Array;
    codeHash: Uint8Array;
    linkHash: Uint8Array | null;
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
      previousCodeHash: null,
      previousCodeExpiresAt: null,
      linkHash: input.linkHash,
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
 * Gives an open registration new secrets and more time, also where it has expired; its newest code
 * stays valid beside the new one for its own time (OT-2). Used tries stay used (OT-4). Null when it
 * is over or its tries are used up.
 */
export async function reviveRegistration(
  db: Db,
  input: {
    id: string;
    codeHash: Uint8Array;
    linkHash: Uint8Array | null;
    maxAttempts: number;
    expiresAt: Date;
    resendAvailableAt: Date;
  },
): Promise<OtpChallengeRow | null> {
  const { id, maxAttempts, ...renewed } = input;
  const [row] = await db
    .update(otpChallenges)
    .set({
      ...renewed,
      previousCodeHash: sql`${otpChallenges.codeHash}`,
      previousCodeExpiresAt: sql`${otpChallenges.expiresAt}`,
    })
    .where(
      and(
        eq(otpChallenges.id, id),
        isNull(otpChallenges.consumedAt),
        lt(otpChallenges.attempts, maxAttempts),
      ),
    )
    .returning();
  return row ?? null;
}

const endOthers = builtOnce((db) =>
  db
    .update(otpChallenges)
    .set(consumed)
    .where(
      and(
        eq(otpChallenges.userId, sql.placeholder('userId')),
        ne(otpChallenges.id, sql.placeholder('exceptId')),
        isNull(otpChallenges.consumedAt),
      ),
    ),
);

/**
 * Ends a user's other open challenges, such as other registrations for an address that has just
 * been claimed (RC-7).
 */
export async function endOtherChallenges(
  db: Db,
  input: { userId: string; exceptId: string; now: Date },
): Promise<void> {
  await endOthers(db, input);
}

/** Ends all open challenges of a user, or those of one purpose. */
export async function endChallenges(
  db: Db,
  input: { userId: string; purpose?: string; now: Date },
): Promise<void> {
  await db
    .update(otpChallenges)
    .set({
      consumedAt: input.now,
      pendingPasswordHash: null,
      pendingName: null,
      pendingIdentity: null,
    })
    .where(
      and(
        eq(otpChallenges.userId, input.userId),
        isNull(otpChallenges.consumedAt),
        ...(input.purpose === undefined ? [] : [eq(otpChallenges.purpose, input.purpose)]),
      ),
    );
}

/** Every stored challenge of a user, the oldest first; at most `limit`. */
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
