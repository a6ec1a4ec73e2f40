import type { Context } from '../../context.ts';
import type { Transaction } from '../../db/driver/transaction.ts';
import type { PendingIdentity } from '../../db/tables/otp-challenges.ts';
import type { UserRow } from '../../db/tables/users.ts';
import { assertSessionLives } from '../caller/hold-caller.ts';
import {
  type Enrolled,
  type KeyKind,
  lackingMethods,
  type ProvedMethod,
  provesSecondFactor,
} from '../factors/rules.ts';
import { bindIdentity } from '../identities/bind-identity.ts';
import { beginSecondStep } from '../otp/begin-second-step.ts';
import type { OtpChallenge } from '../otp/challenge-view.ts';
import { usablePasskeys } from '../passkeys/offer-passkey.ts';
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
  /** Of the passkey that was used, where one was. */
  readonly key?: KeyKind;
  /** What a provider vouched for at the beginning; linked, or used, once the session begins. */
  readonly identity?: PendingIdentity | null;
};

/**
 * SECURITY: the only way to a session (OT-17). It begins once every required factor is proved;
 * until then the answer is a challenge for the missing one, which gives access to nothing but
 * verifyOtp and verifyPasskey (OT-6, ADV-5). Throws UNAUTHENTICATED where the session of a step-up
 * has ended meanwhile.
 */
export async function admit(
  ctx: Context,
  { db, user, proved, previousSessionId, key, identity = null }: Input,
): Promise<Admission> {
  const methods = lackingMethods(proved, await enrolledOf(ctx, { db, user, proved }));
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
      pendingIdentity: identity,
    });
  }
  if (identity) await bindIdentity(ctx, { db, user, pending: identity });
  const identityProvider = identity?.providerId ?? null;
  const begun = await beginSession(ctx, {
    db,
    user,
    proved,
    previousSessionId,
    key,
    identityProvider,
  });
  return { kind: 'session', ...begun };
}

/** The factors of an account that has an app; of others none matters. */
async function enrolledOf(
  ctx: Context,
  { db, user, proved }: Pick<Input, 'db' | 'user' | 'proved'>,
): Promise<Enrolled> {
  const userId = user.id;
  const totp = user.totpEnabledAt !== null;
  if (!totp || provesSecondFactor(proved)) return { totp, recoveryCodesLeft: 0, passkeys: false };
  const recoveryCodesLeft = await countRecoveryCodes(ctx, { db, userId });
  const passkeys = (await usablePasskeys(ctx, { db, userId })).length > 0;
  return { totp, recoveryCodesLeft, passkeys };
}
