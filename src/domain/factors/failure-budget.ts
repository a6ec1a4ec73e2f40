import type { App } from '../../app.ts';
import type { Context } from '../../context.ts';
import type { Db } from '../../db/driver/client.ts';
import type { OtpChallengeRow } from '../../db/tables/otp-challenges.ts';
import { AuthError } from '../../errors.ts';
import {
  type Claim,
  knownDeviceMemory,
  nobody,
  refund,
  release,
  reserve,
  reserveAndTell,
  reserveUnseen,
  shortMemory,
} from '../rate-limits/reserve.ts';
import type { OtpMethod } from './rules.ts';

/** The budgets that an attempt at a code is counted against. */
export type FailureBudget = {
  /** Only time restores it: no new code, no new sign-in, no success of another step (OT-4). */
  readonly inWindow: Claim;
  /**
   * Consecutive failures of one authenticator; null for recovery codes, whose 80 bits cannot be
   * guessed and which are the way out of a lock.
   */
  readonly inARow: Claim | null;
};

/**
 * The budget of a code in the first step of a sign-in. Anyone may begin one, so it must not lock a
 * second factor, and the network that began it uses up its own part first; a known device has a
 * budget of its own (RL-3).
 */
function firstStepBudget(ctx: Pick<App, 'config'>, challenge: OtpChallengeRow): FailureBudget {
  const { userId, accountKey, originKey: origin, knownSessionId, accountProved } = challenge;
  if (knownSessionId !== null) {
    const atMost = knownDeviceMemory(ctx);
    return {
      inWindow: { budget: 'otp:device', identifier: knownSessionId },
      inARow: { budget: 'otp:consecutive', identifier: knownSessionId, atMost },
    };
  }
  return {
    inWindow: { budget: 'otp:account', identifier: accountKey, origin },
    inARow: {
      budget: 'otp:consecutive',
      identifier: userId === null ? nobody(accountKey) : accountKey,
      origin,
      // Anyone can make up addresses, and register them: such tries leave nothing for long (AV-7).
      atMost: userId === null || !accountProved ? shortMemory : undefined,
    },
  };
}

/**
 * The single budget of every second-factor operation of an account (OT-17), by user id: changing
 * the address does not reset it.
 */
export function secondFactorBudget(input: {
  userId: string;
  method: 'TOTP' | 'RECOVERY_CODE';
}): FailureBudget {
  return {
    inWindow: { budget: 'second-factor:account', identifier: input.userId },
    inARow:
      input.method === 'TOTP'
        ? { budget: 'second-factor:consecutive', identifier: input.userId }
        : null,
  };
}

/** The budget that a challenge counts against. A decoy has no user, and is always a first step. */
export function budgetOf(
  ctx: Pick<App, 'config'>,
  { challenge, method }: { challenge: OtpChallengeRow; method: OtpMethod },
): FailureBudget {
  const { userId } = challenge;
  if (userId === null || (method === 'EMAIL' && challenge.purpose !== 'STEP_UP'))
    return firstStepBudget(ctx, challenge);
  if (method !== 'EMAIL') return secondFactorBudget({ userId, method });
  // Only signed-in users can step up: their codes count with the second factors, and consecutive
  // failures of the mailbox count with the mailbox.
  return {
    ...firstStepBudget(ctx, challenge),
    inWindow: secondFactorBudget({ userId, method: 'TOTP' }).inWindow,
  };
}

/**
 * Reserves an attempt before anything is compared, committed on its own (RL-6, ADV-43). Throws
 * RATE_LIMITED. After the last consecutive failure of a mailbox it throws the error of a wrong code
 * instead: anyone may ask, and an address without an account never reaches that limit (EN-4). The
 * answer says whether a failure of this attempt shuts mailed codes for unknown devices.
 */
export async function reserveTry(ctx: Context, budget: FailureBudget): Promise<{ shuts: boolean }> {
  // One budget at a time: a statement that locks rows of both could deadlock with a transaction
  // that releases them.
  const { isLast } = await reserveAndTell(ctx, budget.inWindow);
  const shuts = isLast && budget.inWindow.budget === 'otp:account';
  if (budget.inARow === null) return { shuts };
  if (budget.inARow.budget === 'otp:consecutive') {
    if (await reserveUnseen(ctx, [budget.inARow])) return { shuts };
    throw new AuthError('INVALID_OR_EXPIRED_CODE');
  }
  try {
    await reserve(ctx, [budget.inARow]);
  } catch (error) {
    if (!(error instanceof AuthError) || error.retryAfter === undefined) throw error;
    const message =
      'Too many wrong codes in a row: this authenticator app is locked. ' +
      'Use a recovery code and set up an app anew.';
    throw new AuthError('RATE_LIMITED', { retryAfter: error.retryAfter, message });
  }
  return { shuts };
}

/**
 * Refunds the attempt that succeeded and resets the consecutive failures; those of the window stay
 * counted.
 */
export async function countSuccess(
  ctx: Context,
  input: { db: Db; budget: FailureBudget },
): Promise<void> {
  const { db, budget } = input;
  await refund(ctx, { db, claim: budget.inWindow });
  if (budget.inARow !== null) await release(ctx, { db, claims: [budget.inARow] });
}
