import { z } from 'zod';
import type { Context } from '../../context.ts';
import type { Db } from '../../db/client.ts';
import { consumeChallenge, endOtherChallenges, reserveAttempt } from '../../db/queries/otp-challenges.ts';
import { claimUser, findUserById } from '../../db/queries/users.ts';
import type { OtpChallengeRow } from '../../db/tables/otp-challenges.ts';
import { AuthError } from '../../errors.ts';
import { sha256 } from '../../secret-keys.ts';
import { recordAudit } from '../audit/record.ts';
import { command } from '../command.ts';
import { opaqueToken, tokenDelivery } from '../input.ts';
import { type Claim, release, reserve } from '../rate-limits/reserve.ts';
import { type BegunSession, beginSession } from '../sessions/begin-session.ts';
import { type AuthTokens, handOverTokens } from '../sessions/hand-over-tokens.ts';
import { codeMatches, readCode } from './code.ts';
import { maxAttempts } from './rules.ts';

const typedCode = z.string({ error: 'A code is required.' }).transform((value, ctx) => {
  const code = readCode(value);
  if (code !== null) return code;
  ctx.addIssue({ code: 'custom', params: { code: 'INVALID' }, message: 'A code has six digits.' });
  return z.NEVER;
});
const schema = z.object({
  challengeId: opaqueToken,
  code: typedCode,
  method: z.enum(['EMAIL', 'TOTP', 'RECOVERY_CODE']).nullish(),
  tokenDelivery,
});

/**
 * Meets a challenge and yields the tokens that it stood for. A try is taken before the code is compared. Throws
 * INVALID_OR_EXPIRED_CODE for whatever is not the one right code of a live challenge, RATE_LIMITED past the account's budget.
 */
export const verifyOtp = command(schema, async (ctx, input): Promise<AuthTokens> => {
  await reserve(ctx, [{ budget: 'otp:address', identifier: ctx.request.addressBucket }]);
  const challenge = await reserveAttempt(ctx.db, {
    handleHash: sha256(input.challengeId),
    maxAttempts,
    now: ctx.clock.now(),
  });
  if (!challenge) throw new AuthError('INVALID_OR_EXPIRED_CODE');
  const claims: Claim[] = [
    { budget: 'otp:account', identifier: challenge.accountKey },
    { budget: 'otp:consecutive', identifier: challenge.accountKey },
  ];
  await reserve(ctx, claims);

  const { userId, codeHash } = challenge;
  const offered = challenge.methods.includes(input.method ?? 'EMAIL');
  const right = codeHash !== null && codeMatches(ctx.keys, challenge.id, input.code, codeHash);
  if (!offered || !right || userId === null) {
    await recordAudit(ctx, {
      db: ctx.db,
      type: 'otp.failed',
      outcome: 'FAILURE',
      subjectId: userId,
      detail: { purpose: challenge.purpose },
    });
    throw new AuthError('INVALID_OR_EXPIRED_CODE');
  }
  const begun = await ctx.db.transaction(async (tx) => {
    // A registration's password is read before the row is emptied.
    const consumed = await consumeChallenge(tx, { id: challenge.id, codeHash, now: ctx.clock.now() });
    if (!consumed) throw new AuthError('INVALID_OR_EXPIRED_CODE');
    await release(ctx, { db: tx, claims });
    return signIn(ctx, tx, { challenge, userId });
  });
  return handOverTokens(ctx, begun, input.tokenDelivery);
});

type Met = { readonly challenge: OtpChallengeRow; readonly userId: string };

/** An e-mailed code proves the mailbox, and is one factor: `otp`, never `mfa` (OT-9). */
async function signIn(ctx: Context, tx: Db, { challenge, userId }: Met): Promise<BegunSession> {
  if (challenge.purpose !== 'VERIFY_EMAIL' && challenge.purpose !== 'LOGIN')
    throw new AuthError('INVALID_OR_EXPIRED_CODE');
  const user = await findUserById(tx, { id: userId });
  if (!user || user.suspendedAt !== null) throw new AuthError('INVALID_OR_EXPIRED_CODE');
  if (user.emailVerifiedAt === null) await claim(ctx, tx, { challenge, userId });
  // An account that was verified meanwhile keeps its password, whatever this registration asked for (ADV-48).
  else if (challenge.purpose === 'VERIFY_EMAIL') throw new AuthError('INVALID_OR_EXPIRED_CODE');
  return beginSession(ctx, { db: tx, userId, methods: ['otp'] });
}

/**
 * SECURITY: the owner of the mailbox takes the account. It gets the password of this very challenge or none: what others asked for
 * with the same address falls away (RC-7, ADV-9).
 */
async function claim(ctx: Context, tx: Db, { challenge, userId }: Met): Promise<void> {
  const claimed = await claimUser(tx, {
    id: userId,
    passwordHash: challenge.pendingPasswordHash,
    name: challenge.pendingName,
    locale: challenge.pendingLocale,
    now: ctx.clock.now(),
  });
  if (!claimed) throw new AuthError('INVALID_OR_EXPIRED_CODE');
  await endOtherChallenges(tx, { userId, exceptId: challenge.id, now: ctx.clock.now() });
  await recordAudit(ctx, { db: tx, type: 'email.verified', outcome: 'SUCCESS', subjectId: userId });
}
