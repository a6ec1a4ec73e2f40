import type { App } from '../../app.ts';
import type { Context } from '../../context.ts';
import type { Db } from '../../db/driver/client.ts';
import type { OtpChallengeRow } from '../../db/tables/otp-challenges.ts';
import { AuthError } from '../../errors.ts';
import {
  type Claim,
  countUnseen,
  knownDeviceMemory,
  nobody,
  type Reached,
  refund,
  release,
  reserve,
  reserveAndTell,
  shortMemory,
} from '../rate-limits/reserve.ts';
import type { OtpMethod } from './rules.ts';

/** The budgets that an attempt at a code is counted against. */
export type FailureBudget = {
  /** Only time restores it: no new code, no new sign-in, no success of another step (OT-4). */
  readonly inWindow: Claim;
  /**
   * Consecutive failures of one authenticator; null for recovery codes, whose 80 bits cannot be
   * guessed and which are the way out of a lock, and for passkeys.
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
  method: 'TOTP' | 'RECOVERY_CODE' | 'PASSKEY';
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

/** What the owner is told where an attempt at a mailed code has failed. */
export type CodeNotice = {
  readonly template: 'sign-in-shut' | 'code-guesses' | 'codes-locked';
  /** Only the part of this network is used up; null where it is the whole budget. */
  readonly origin: Uint8Array | null;
};

export type Reserved = {
  /**
   * Past the last consecutive failure of a mailbox. SECURITY: any code must be refused as a wrong
   * one is: anyone may ask, and an address without an account never reaches that limit (EN-4).
   */
  readonly isLocked: boolean;
  readonly notices: readonly CodeNotice[];
};

/**
 * Reserves an attempt before anything is compared, committed on its own (RL-6, ADV-43). Throws
 * RATE_LIMITED. Only mailed codes have notices and a lock that is not disclosed.
 */
export async function reserveTry(
  ctx: Context,
  { inWindow, inARow }: FailureBudget,
): Promise<Reserved> {
  // One budget at a time: a statement that locks rows of both could deadlock with a transaction
  // that releases them.
  const reached = await reserveAndTell(ctx, inWindow);
  const notices =
    inWindow.budget === 'otp:account' ? noticesOf(inWindow, reached, { end: 'sign-in-shut' }) : [];
  if (inARow?.budget === 'otp:consecutive') {
    const row = await countUnseen(ctx, inARow);
    if (!row) return { isLocked: true, notices };
    const ofRow = noticesOf(inARow, row, { half: 'code-guesses', end: 'codes-locked' });
    return { isLocked: false, notices: [...notices, ...ofRow] };
  }
  if (inARow) await reserveInARow(ctx, inARow);
  return { isLocked: false, notices };
}

type Templates = {
  readonly half?: CodeNotice['template'];
  readonly end: CodeNotice['template'];
};

function noticesOf(
  { origin = null }: Claim,
  { isHalf, isLast, isLastHere }: Reached,
  { half, end }: Templates,
): CodeNotice[] {
  if (isLast) return [{ template: end, origin: null }];
  return [
    ...(isLastHere ? [{ template: end, origin }] : []),
    ...(isHalf && half ? [{ template: half, origin: null }] : []),
  ];
}

async function reserveInARow(ctx: Context, claim: Claim): Promise<void> {
  try {
    await reserve(ctx, [claim]);
  } catch (error) {
    if (!(error instanceof AuthError) || error.retryAfter === undefined) throw error;
    const message =
      'Too many wrong codes in a row: this authenticator app is locked. ' +
      'Use a recovery code and set up an app anew.';
    throw new AuthError('RATE_LIMITED', { retryAfter: error.retryAfter, message });
  }
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
