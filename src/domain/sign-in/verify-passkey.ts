import { z } from 'zod';
import type { Context } from '../../context.ts';
import { findChallengeById } from '../../db/queries/otp-challenges.ts';
import { isBoundCeremony, takePasskeyChallenge } from '../../db/queries/passkey-challenges.ts';
import { findPasskeyByCredentialId } from '../../db/queries/passkeys.ts';
import type { OtpChallengeRow } from '../../db/tables/otp-challenges.ts';
import type { PasskeyChallengeRow } from '../../db/tables/passkey-challenges.ts';
import { AuthError } from '../../errors.ts';
import { sha256 } from '../../secret-keys.ts';
import { recordAudit } from '../audit/record.ts';
import { actsAsUser } from '../caller/rules.ts';
import { command } from '../command.ts';
import { reserveTry, secondFactorBudget } from '../factors/failure-budget.ts';
import { opaqueToken, tokenDelivery } from '../input.ts';
import type { OtpChallenge } from '../otp/challenge-view.ts';
import { checkAssertion } from '../passkeys/check-assertion.ts';
import { assertionJson } from '../passkeys/credential-json.ts';
import { notAccepted, passkeysOff } from '../passkeys/not-accepted.ts';
import type { PasskeyPurpose } from '../passkeys/rules.ts';
import { reserve, reserveByAddress } from '../rate-limits/reserve.ts';
import type { Admission } from './admit.ts';
import { admitByPasskey, type Presented } from './admit-by-passkey.ts';
import { type AuthTokens, handOver } from './hand-over-tokens.ts';

const schema = z.object({
  challengeId: opaqueToken,
  credential: assertionJson,
  tokenDelivery,
});
type Input = z.output<typeof schema>;

const purposes: readonly PasskeyPurpose[] = ['LOGIN', 'STEP_UP', 'SECOND_STEP'];

/**
 * Completes a sign-in, a second step or a step-up by a passkey. The challenge is taken first, for
 * good, whatever comes of it (PK-1). Throws UNKNOWN_PASSKEY where no user has the credential id,
 * INVALID_CREDENTIALS for anything else that is refused, RATE_LIMITED past the account's failures,
 * CONFLICT where passkeys are off.
 */
export const verifyPasskey = command(
  schema,
  async (ctx, input): Promise<AuthTokens | OtpChallenge> => {
    if (!ctx.config.passkeys.enabled) throw passkeysOff();
    if (input.tokenDelivery === 'COOKIE') ctx.cookie.assertOwnSite();
    const handleHash = sha256(input.challengeId);
    await reserveByAddress(ctx, 'otp:address', () => isBoundCeremony(ctx.db, { handleHash }));
    const challenge = await takePasskeyChallenge(ctx.db, {
      handleHash,
      purposes,
      sessionId: actsAsUser(ctx.viewer) ? ctx.viewer.sessionId : null,
      now: ctx.clock.now(),
    });
    if (!challenge) throw notAccepted();
    return handOver(ctx, await meet(ctx, challenge, input), input.tokenDelivery);
  },
);

async function meet(
  ctx: Context,
  challenge: PasskeyChallengeRow,
  { credential }: Input,
): Promise<Admission> {
  const passkey = await findPasskeyByCredentialId(ctx.db, { credentialId: credential.id });
  if (!passkey) {
    const subject = { userId: challenge.userId, passkeyId: null };
    await recordRefusal(ctx, { ...subject, purpose: challenge.purpose, reason: 'unknown' });
    throw new AuthError('UNKNOWN_PASSKEY');
  }
  const otp = await boundTo(ctx, challenge);
  // SECURITY: the ceremony's own user: naming another's passkey must not use up their tries.
  const userId = challenge.userId ?? passkey.userId;
  if (otp) await reserveTry(ctx, secondFactorBudget({ userId, method: 'PASSKEY' }));
  const outcome = await judge(ctx, { challenge, otp, passkey }, credential);
  if (typeof outcome !== 'string') return outcome;
  if (!otp) await reserve(ctx, [{ budget: 'passkey:account', identifier: userId }]);
  const subject = { userId: passkey.userId, passkeyId: passkey.id };
  await recordRefusal(ctx, { ...subject, purpose: challenge.purpose, reason: outcome });
  throw notAccepted();
}

/** The challenge that the ceremony completes; null for a sign-in that begins with the passkey. */
async function boundTo(
  ctx: Context,
  { otpChallengeId }: PasskeyChallengeRow,
): Promise<OtpChallengeRow | null> {
  return otpChallengeId === null ? null : findChallengeById(ctx.db, { id: otpChallengeId });
}

/** A string is the rule that is broken. */
async function judge(
  ctx: Context,
  presented: Omit<Presented, 'assertion' | 'userHandle'>,
  credential: Input['credential'],
): Promise<Admission | string> {
  const { challenge, passkey } = presented;
  // SECURITY: one user's ceremony is never completed by another's passkey (PK-4).
  if (challenge.userId !== null && challenge.userId !== passkey.userId) return 'user';
  const assertion = await checkAssertion(ctx, { credential, challenge, passkey });
  if (typeof assertion === 'string') return assertion;
  const userHandle = credential.response.userHandle ?? null;
  return admitByPasskey(ctx, { ...presented, assertion, userHandle });
}

type Refusal = {
  readonly userId: string | null;
  readonly passkeyId: string | null;
  readonly purpose: string;
  readonly reason: string;
};

async function recordRefusal(ctx: Context, refusal: Refusal): Promise<void> {
  const { userId, passkeyId, purpose, reason } = refusal;
  await recordAudit(ctx, {
    db: ctx.db,
    type: 'passkey.failed',
    outcome: 'FAILURE',
    subjectId: userId,
    detail: { purpose, reason, passkeyId },
  });
}
