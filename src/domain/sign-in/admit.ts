import type { Context } from '../../context.ts';
import type { Transaction } from '../../db/driver/transaction.ts';
import type { UserRow } from '../../db/tables/users.ts';
import { assertSessionLives } from '../caller/hold-caller.ts';
import { lackingMethods, type ProvedMethod, provesSecondFactor } from '../factors/rules.ts';
import { beginSecondStep } from '../otp/begin-second-step.ts';
import type { OtpChallenge } from '../otp/challenge-view.ts';
import { countRecoveryCodes } from '../recovery-codes/count-recovery-codes.ts';
import { type BegunSession, beginSession } from '../sessions/begin-session.ts';

/** A session, or the next challenge on the way to it. */
export type Admission = OtpChallenge | ({ readonly kind: 'session' } & BegunSession);

type Input = {
  /** The transaction that locks the user's row. */
  readonly db: Transaction;
  /** As locked by holdUser: factors and status cannot change before the transaction ends. */
  readonly user: UserRow;
  readonly proved: readonly ProvedMethod[];
  /** The session that a step-up replaces; null for a sign-in. */
  readonly previousSessionId: string | null;
};

/**
 * SECURITY: the only way to a session (OT-17). It begins once every required factor is proved;
 * until then the answer is a challenge for the missing one, which gives access to nothing but
 * verifyOtp (OT-6, ADV-5). Throws UNAUTHENTICATED where the session of a step-up has ended
 * meanwhile.
 */
export async function admit(
  ctx: Context,
  { db, user, proved, previousSessionId }: Input,
): Promise<Admission> {
  const totp = user.totpEnabledAt !== null;
  const recoveryCodesLeft =
    totp && !provesSecondFactor(proved)
      ? await countRecoveryCodes(ctx, { db, userId: user.id })
      : 0;
  const methods = lackingMethods(proved, { totp, recoveryCodesLeft });
  if (methods.length > 0) {
    // A step-up continues only where the session that asked for it lives.
    if (previousSessionId !== null) await assertSessionLives(ctx, { db });
    const purpose = previousSessionId === null ? 'LOGIN' : 'STEP_UP';
    return beginSecondStep(ctx, {
      db,
      user,
      purpose,
      proved,
      methods,
      sessionId: previousSessionId,
    });
  }
  return { kind: 'session', ...(await beginSession(ctx, { db, user, proved, previousSessionId })) };
}
