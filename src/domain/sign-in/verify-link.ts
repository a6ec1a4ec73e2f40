import { z } from 'zod';
import type { Context } from '../../context.ts';
import { consumeChallenge, findChallengeByLink } from '../../db/queries/otp-challenges.ts';
import type { OtpChallengeRow } from '../../db/tables/otp-challenges.ts';
import { AuthError } from '../../errors.ts';
import { sameBytes, sha256 } from '../../secret-keys.ts';
import type { Place } from '../../semaphore.ts';
import { recordAudit } from '../audit/record.ts';
import { command } from '../command.ts';
import { preferredLocale } from '../emails/locales.ts';
import { budgetOf } from '../factors/failure-budget.ts';
import { opaqueToken, password, tokenDelivery } from '../input.ts';
import type { OtpChallenge } from '../otp/challenge-view.ts';
import { linkPurposes } from '../otp/rules.ts';
import { callerPlace } from '../passwords/caller-place.ts';
import { release, reserve, reserveByAddress } from '../rate-limits/reserve.ts';
import { type Admission, admit } from './admit.ts';
import { type AuthTokens, handOver } from './hand-over-tokens.ts';
import { holdOrClaim } from './hold-or-claim.ts';

const schema = z.object({
  token: opaqueToken,
  challengeId: opaqueToken.nullish(),
  password: password.nullish(),
  tokenDelivery,
});
type Input = z.output<typeof schema>;

/**
 * Completes a challenge by the token of the mail's link, which only the mailbox's owner has. A
 * registration is completed as it was begun where the caller shows its challenge or its password,
 * and otherwise opened without password and name. Throws INVALID_OR_EXPIRED_TOKEN, and
 * INVALID_CREDENTIALS for another password than the registration's, which leaves the link valid,
 * and RATE_LIMITED past the link's tries.
 */
export const verifyLink = command(
  schema,
  async (ctx, input): Promise<AuthTokens | OtpChallenge> => {
    if (input.tokenDelivery === 'COOKIE') ctx.cookie.assertOwnSite();
    // Against floods alone: no one guesses 256 bits, so that others cannot use up a link.
    const linkHash = sha256(input.token);
    const now = ctx.clock.now();
    const find = () => findChallengeByLink(ctx.db, { linkHash, purposes: linkPurposes, now });
    // A link that is valid proves the mailbox: others at the address cannot shut it (RL-3).
    const isValid = async (): Promise<boolean> => (await find()) !== null;
    const byAddress = () => reserveByAddress(ctx, 'account-token:address', isValid);
    // SECURITY: anyone has a link, to an address of their own: it makes no known device.
    const place = callerPlace(ctx, { isKnown: false });
    if (input.password == null) await byAddress();
    else await ctx.hasher.approach(byAddress, place);
    const challenge = await find();
    if (!challenge) throw new AuthError('INVALID_OR_EXPIRED_TOKEN');
    const claim = claimOn(challenge, input);
    if (claim?.by === 'password') ctx.hasher.assertRoom(place);
    await reserve(ctx, [{ budget: 'account-token:link', identifier: linkHash }]);
    try {
      if (claim?.by === 'password') await assertPassword(ctx, { challenge, claim, place });
      const isOwn = claim !== null;
      const admission = await meet(ctx, { challenge, linkHash, isOwn });
      return await handOver(ctx, admission, input.tokenDelivery);
    } catch (error) {
      if (isRefusal(error)) await recordFailure(ctx, challenge);
      throw error;
    }
  },
);

type Claim = { readonly by: 'challenge' } | { readonly by: 'password'; readonly password: string };

/**
 * How the caller shows that they began this registration: by its challenge, which this device alone
 * has, or by its password; null where they do not. SECURITY: a mailbox also gets the links of
 * registrations that strangers began (RC-7).
 */
function claimOn(challenge: OtpChallengeRow, { challengeId, password }: Input): Claim | null {
  if (challenge.purpose !== 'VERIFY_EMAIL') return null;
  if (challengeId != null && sameBytes(sha256(challengeId), challenge.handleHash))
    return { by: 'challenge' };
  return password == null ? null : { by: 'password', password };
}

async function assertPassword(
  ctx: Context,
  input: { challenge: OtpChallengeRow; claim: { password: string }; place: Place },
): Promise<void> {
  const { challenge, claim, place } = input;
  const { matches } = await ctx.hasher.verify(claim.password, challenge.pendingPasswordHash, place);
  if (matches) return;
  throw new AuthError('INVALID_CREDENTIALS', {
    message: 'This is not the password of the registration. Without it, choose another afterwards.',
  });
}

type Met = {
  readonly challenge: OtpChallengeRow;
  readonly linkHash: Uint8Array;
  readonly isOwn: boolean;
};

async function meet(ctx: Context, { challenge, linkHash, isOwn }: Met): Promise<Admission> {
  const { id, userId } = challenge;
  if (userId === null) throw new AuthError('INVALID_OR_EXPIRED_TOKEN');
  const bare = {
    pendingPasswordHash: null,
    pendingName: null,
    pendingLocale: preferredLocale(ctx.request.acceptLanguage),
  };
  return ctx.transaction(async (tx) => {
    // Locks the user's row first, as verifyOtp does.
    const registration = isOwn ? challenge : bare;
    const user = await holdOrClaim(ctx, { db: tx, challenge, userId, registration });
    const consumed = user && (await consumeChallenge(tx, { id, linkHash, now: ctx.clock.now() }));
    if (!consumed) throw new AuthError('INVALID_OR_EXPIRED_TOKEN');
    const { inARow } = budgetOf(ctx, { challenge, method: 'EMAIL' });
    if (inARow) await release(ctx, { db: tx, claims: [inARow] });
    return admit(ctx, { db: tx, user, proved: ['EMAIL'], previousSessionId: null });
  });
}

function isRefusal(error: unknown): boolean {
  return (
    error instanceof AuthError &&
    (error.code === 'INVALID_OR_EXPIRED_TOKEN' || error.code === 'INVALID_CREDENTIALS')
  );
}

async function recordFailure(
  ctx: Context,
  { purpose, userId }: Pick<OtpChallengeRow, 'purpose' | 'userId'>,
): Promise<void> {
  await recordAudit(ctx, {
    db: ctx.db,
    type: 'otp.failed',
    outcome: 'FAILURE',
    subjectId: userId,
    detail: { purpose, method: 'LINK' },
  });
}
