import type { Context } from '../../context.ts';
import type { Db } from '../../db/driver/client.ts';
import type { OtpChallengeRow } from '../../db/tables/otp-challenges.ts';
import { AuthError } from '../../errors.ts';
import {
  type Claim,
  nobody,
  refund,
  release,
  reserve,
  reserveUnseen,
} from '../rate-limits/reserve.ts';
import type { OtpMethod } from './rules.ts';

/** What a try at a code is counted against. */
export type FailureBudget = {
  /** Only time gives it back: no new code, no new sign-in, no success of another step (OT-4). */
  readonly inWindow: Claim;
  /**
   * Failures in a row of one authenticator; null for recovery codes, whose 80 bits nobody guesses
   * and which are the way out.
   */
  readonly inARow: Claim | null;
};

/**
 * The budget of a code in the first step of a sign-in, which anyone may begin: so it can lock no
 * second factor.
 */
function firstStepBudget({
  userId,
  accountKey,
}: Pick<OtpChallengeRow, 'userId' | 'accountKey'>): FailureBudget {
  return {
    inWindow: { budget: 'otp:account', identifier: accountKey },
    inARow: {
      budget: 'otp:consecutive',
      identifier: userId === null ? nobody(accountKey) : accountKey,
    },
  };
}

/**
 * The one budget behind every second-factor door of an account (OT-17), by user id: a new address
 * changes nothing.
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

/** Which of them a challenge counts against. A decoy has no user, and is always a first step. */
export function budgetOf(challenge: OtpChallengeRow, method: OtpMethod): FailureBudget {
  const { userId } = challenge;
  if (userId === null || (method === 'EMAIL' && challenge.purpose !== 'STEP_UP'))
    return firstStepBudget(challenge);
  if (method !== 'EMAIL') return secondFactorBudget({ userId, method });
  // A step-up is for the signed-in: its codes count with the second factors, the mailbox's failures
  // in a row with the mailbox.
  return {
    ...firstStepBudget(challenge),
    inWindow: secondFactorBudget({ userId, method: 'TOTP' }).inWindow,
  };
}

/**
 * Takes a try before anything is compared, committed on its own (RL-6, ADV-43). Throws
 * RATE_LIMITED; past the last failure in a row of a mailbox it throws what a wrong code does, since
 * anybody may ask and an address without an account never gets there (EN-4).
 */
export async function reserveTry(ctx: Context, budget: FailureBudget): Promise<void> {
  // One at a time: a statement that holds two of the rows could wait crosswise for a transaction
  // that gives them back.
  await reserve(ctx, [budget.inWindow]);
  if (budget.inARow === null) return;
  if (budget.inARow.budget === 'otp:consecutive') {
    if (await reserveUnseen(ctx, [budget.inARow])) return;
    throw new AuthError('INVALID_OR_EXPIRED_CODE');
  }
  try {
    await reserve(ctx, [budget.inARow]);
  } catch (error) {
    if (!(error instanceof AuthError) || error.retryAfter === undefined) throw error;
    const message =
      'Too many wrong codes in a row: this authenticator app is locked. Use a recovery code and set up an app anew.';
    throw new AuthError('RATE_LIMITED', { retryAfter: error.retryAfter, message });
  }
}

/**
 * Gives back the try that succeeded and ends the row of failures; those of the window stay counted.
 */
export async function countSuccess(
  ctx: Context,
  input: { db: Db; budget: FailureBudget },
): Promise<void> {
  const { db, budget } = input;
  await refund(ctx, { db, claim: budget.inWindow });
  if (budget.inARow !== null) await release(ctx, { db, claims: [budget.inARow] });
}
