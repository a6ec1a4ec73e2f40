import { z } from 'zod';
import type { Context } from '../../context.ts';
import {
  consumeChallenge,
  findChallenge,
  reserveAttempt,
} from '../../db/queries/otp-challenges.ts';
import type { OtpChallengeRow } from '../../db/tables/otp-challenges.ts';
import { AuthError } from '../../errors.ts';
import { sha256 } from '../../secret-keys.ts';
import { actsAsUser } from '../caller/rules.ts';
import { command } from '../command.ts';
import {
  budgetOf,
  type CodeNotice,
  countSuccess,
  type FailureBudget,
  reserveTry,
} from '../factors/failure-budget.ts';
import { recordWrongCode } from '../factors/record-wrong-code.ts';
import { type OtpMethod, readProved } from '../factors/rules.ts';
import { spendSecondFactor } from '../factors/spend-second-factor.ts';
import { tellOfCodes } from '../factors/tell-of-codes.ts';
import { opaqueToken, tokenDelivery } from '../input.ts';
import type { OtpChallenge } from '../otp/challenge-view.ts';
import { findCodeHash } from '../otp/code.ts';
import { maxAttempts, type OtpPurpose } from '../otp/rules.ts';
import { methodFor, type TypedCode, typedCode } from '../otp/typed-code.ts';
import { release, reserveByAddress } from '../rate-limits/reserve.ts';
import { type Admission, admit } from './admit.ts';
import { type AuthTokens, handOver } from './hand-over-tokens.ts';
import { holdOrClaim } from './hold-or-claim.ts';
import { passwordLocks } from './login-budget.ts';

const schema = z.object({
  challengeId: opaqueToken,
  code: typedCode,
  method: z.enum(['EMAIL', 'TOTP', 'RECOVERY_CODE']).nullish(),
  tokenDelivery,
});

/**
 * A new address is confirmed by confirmEmailChange: its challenge opens no session, and is not
 * consumed here (OT-5).
 */
const purposes: readonly OtpPurpose[] = ['VERIFY_EMAIL', 'LOGIN', 'STEP_UP', 'LINK_IDENTITY'];

/**
 * Completes a challenge and returns the tokens of the session, or the next challenge where the
 * account has a factor not proved yet. An attempt is reserved before the code is compared. Throws
 * INVALID_OR_EXPIRED_CODE for anything but the right code of a live challenge, and for a step-up
 * that another session requested; RATE_LIMITED past the account's budget.
 */
export const verifyOtp = command(schema, async (ctx, input): Promise<AuthTokens | OtpChallenge> => {
  if (input.tokenDelivery === 'COOKIE') ctx.cookie.assertOwnSite();
  const handleHash = sha256(input.challengeId);
  await reserveByAddress(ctx, 'otp:address', () => isKnownDevices(ctx, handleHash));
  const challenge = await reserveAttempt(ctx.db, {
    handleHash,
    purposes,
    sessionId: actsAsUser(ctx.viewer) ? ctx.viewer.sessionId : null,
    maxAttempts,
    now: ctx.clock.now(),
  });
  if (!challenge) throw new AuthError('INVALID_OR_EXPIRED_CODE');
  const method = methodFor(challenge, { typed: input.code, named: input.method ?? null });
  let notices: readonly CodeNotice[] = [];
  try {
    if (method === null) throw new AuthError('INVALID_OR_EXPIRED_CODE');
    const budget = budgetOf(ctx, { challenge, method });
    const reserved = await reserveTry(ctx, budget);
    notices = reserved.notices;
    if (reserved.isLocked) throw new AuthError('INVALID_OR_EXPIRED_CODE');
    const admission = await meet(ctx, { challenge, method, budget, typed: input.code });
    return await handOver(ctx, admission, input.tokenDelivery);
  } catch (error) {
    if (error instanceof AuthError && error.code === 'INVALID_OR_EXPIRED_CODE') {
      const detail = { purpose: challenge.purpose, method };
      await recordWrongCode(ctx, { subjectId: challenge.userId, detail });
      await tellOfCodes(ctx, { notices, challenge });
    }
    throw error;
  }
});

/** Only the device that began a challenge holds its handle. */
async function isKnownDevices(ctx: Context, handleHash: Uint8Array): Promise<boolean> {
  const challenge = await findChallenge(ctx.db, { handleHash });
  return challenge !== null && challenge.knownSessionId !== null;
}

type Attempt = {
  readonly challenge: OtpChallengeRow;
  readonly method: OtpMethod;
  readonly budget: FailureBudget;
  readonly typed: TypedCode;
};

async function meet(ctx: Context, attempt: Attempt): Promise<Admission> {
  const { challenge, method, budget, typed } = attempt;
  const { userId } = challenge;
  const { code } = typed;
  const codeHash =
    method === 'EMAIL' ? findCodeHash(ctx.keys, challenge, { code, now: ctx.clock.now() }) : null;
  if (userId === null || (method === 'EMAIL' && codeHash === null))
    throw new AuthError('INVALID_OR_EXPIRED_CODE');
  return ctx.transaction(async (tx) => {
    // Locks the user's row first, as in every change of password, factors or status: those changes
    // and this one wait for each other.
    const user = await holdOrClaim(ctx, { db: tx, challenge, userId, registration: challenge });
    if (!user) throw new AuthError('INVALID_OR_EXPIRED_CODE');
    const consumed = await consumeChallenge(tx, {
      id: challenge.id,
      codeHash,
      now: ctx.clock.now(),
    });
    if (!consumed) throw new AuthError('INVALID_OR_EXPIRED_CODE');
    if (method !== 'EMAIL' && !(await spendSecondFactor(ctx, { db: tx, user, method, code }))) {
      throw new AuthError('INVALID_OR_EXPIRED_CODE');
    }
    await countSuccess(ctx, { db: tx, budget });
    // Password and mailbox together: the lock of a guessed password is lifted (RL-3).
    if (method === 'EMAIL' && challenge.provedMethods.includes('PASSWORD'))
      await release(ctx, { db: tx, claims: passwordLocks(ctx, user) });
    return admit(ctx, {
      db: tx,
      user,
      proved: [...readProved(challenge.provedMethods), method],
      previousSessionId: challenge.sessionId,
      identity: challenge.pendingIdentity,
    });
  });
}
