import type { Context, SessionViewer } from '../../context.ts';
import type { Transaction } from '../../db/driver/transaction.ts';
import type { UserRow } from '../../db/tables/users.ts';
import { AuthError } from '../../errors.ts';
import { holdCaller, holdStepUp } from '../caller/hold-caller.ts';
import { requireRecentProof, requireStepUp } from '../caller/require-step-up.ts';
import { countSuccess, reserveTry, secondFactorBudget } from '../factors/failure-budget.ts';
import { recordWrongCode } from '../factors/record-wrong-code.ts';
import { spendSecondFactor } from '../factors/spend-second-factor.ts';
import type { TypedCode } from '../otp/typed-code.ts';

type Input<Result> = {
  /** A code of the app or a recovery code; null where the session itself has proved the factor. */
  readonly code: TypedCode | null;
  /** The change, in a transaction that locks the user's row. */
  readonly change: (held: {
    db: Transaction;
    viewer: SessionViewer;
    user: UserRow;
  }) => Promise<Result>;
};

/**
 * Changes the caller's second factors after checking that they hold one (OT-15): the session's
 * proof is recent, and the app or a recovery code was proved in the session or is proved by the
 * code given here. Throws STEP_UP_REQUIRED, INVALID_OR_EXPIRED_CODE, RATE_LIMITED, CONFLICT where
 * no app is set up.
 */
export async function changeFactors<Result>(
  ctx: Context,
  { code, change }: Input<Result>,
): Promise<Result> {
  // A code that is given must be right, whatever the session has proved.
  const viewer = code === null ? requireStepUp(ctx) : requireRecentProof(ctx);
  if (viewer.session.user.totpEnabledAt === null) throw noApp();
  const spent =
    code === null
      ? null
      : ({ method: code.kind === 'digits' ? 'TOTP' : 'RECOVERY_CODE', code: code.code } as const);
  const budget = spent && secondFactorBudget({ userId: viewer.userId, method: spent.method });
  if (budget) await reserveTry(ctx, budget);
  try {
    const result = await ctx.transaction(async (tx) => {
      // The proof of the session is judged by the rows that are held, as before by those read.
      const hold = code === null ? holdStepUp : holdCaller;
      const user = await hold(ctx, { db: tx });
      if (user.totpEnabledAt === null) throw noApp();
      if (spent && budget) {
        if (!(await spendSecondFactor(ctx, { db: tx, user, ...spent })))
          throw new AuthError('INVALID_OR_EXPIRED_CODE');
        await countSuccess(ctx, { db: tx, budget });
      }
      return change({ db: tx, viewer, user });
    });
    return result;
  } catch (error) {
    if (error instanceof AuthError && error.code === 'INVALID_OR_EXPIRED_CODE') {
      const detail = { purpose: 'CHANGE_FACTORS', method: spent?.method ?? null };
      await recordWrongCode(ctx, { subjectId: viewer.userId, detail });
    }
    throw error;
  }
}

function noApp(): AuthError {
  return new AuthError('CONFLICT', { message: 'No authenticator app is set up.' });
}
