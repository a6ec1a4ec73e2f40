import type { Context } from '../../context.ts';
import type { Transaction } from '../../db/driver/transaction.ts';
import { consumeChallenge } from '../../db/queries/otp-challenges.ts';
import { advancePasskey } from '../../db/queries/passkeys.ts';
import { holdUser } from '../../db/queries/users.ts';
import type { OtpChallengeRow } from '../../db/tables/otp-challenges.ts';
import type { PasskeyChallengeRow } from '../../db/tables/passkey-challenges.ts';
import type { PasskeyRow } from '../../db/tables/passkeys.ts';
import type { UserRow } from '../../db/tables/users.ts';
import { AuthError } from '../../errors.ts';
import { sameBytes } from '../../secret-keys.ts';
import { recordAudit } from '../audit/record.ts';
import { countSuccess, secondFactorBudget } from '../factors/failure-budget.ts';
import { readProved } from '../factors/rules.ts';
import type { Assertion } from '../passkeys/check-assertion.ts';
import { proofOf } from '../passkeys/rules.ts';
import { suspectPasskey } from '../passkeys/suspect-passkey.ts';
import { type Admission, admit } from './admit.ts';
import { holdProved } from './hold-or-claim.ts';

/** An answer whose signature is right. */
export type Presented = {
  readonly challenge: PasskeyChallengeRow;
  /** The challenge that is completed; null for a sign-in that begins with the passkey. */
  readonly otp: OtpChallengeRow | null;
  /** As read before the signature was checked. */
  readonly passkey: PasskeyRow;
  readonly assertion: Assertion;
  readonly userHandle: Uint8Array | null;
};

/** Rolls the transaction back, with the rule that is broken. */
class Refused extends Error {}

/**
 * The session of a passkey's user, or the next challenge; a string is the rule that is broken.
 * Everything is judged by rows that are held: user, challenge, passkey, session.
 */
export async function admitByPasskey(
  ctx: Context,
  presented: Presented,
): Promise<Admission | string> {
  try {
    return await ctx.transaction((tx) => complete(ctx, tx, presented));
  } catch (error) {
    // The account was suspended, or deleted, in the last moment.
    if (error instanceof AuthError && error.code === 'INVALID_CREDENTIALS') return 'account';
    if (!(error instanceof Refused)) throw error;
    if (error.message === 'counter') await suspectPasskey(ctx, presented);
    return error.message;
  }
}

async function complete(ctx: Context, tx: Transaction, presented: Presented): Promise<Admission> {
  const { challenge, otp, passkey, assertion } = presented;
  const provedMethods = otp?.provedMethods ?? [];
  const { purpose } = challenge;
  const { userVerified } = assertion;
  const proof = proofOf({ purpose, provedMethods, passkey, userVerified });
  if (proof === null) throw new Refused('user_verification');
  const user = await holdAccount(tx, presented);
  if (!isOwn(user, presented)) throw new Refused('user_handle');
  const advanced = await advance(ctx, tx, presented);
  if (otp) {
    const budget = secondFactorBudget({ userId: user.id, method: 'PASSKEY' });
    await countSuccess(ctx, { db: tx, budget });
  }
  return admit(ctx, {
    db: tx,
    user,
    proved: [...readProved(provedMethods), proof],
    previousSessionId: challenge.sessionId,
    key: advanced.backupEligible ? 'swk' : 'hwk',
    identity: otp?.pendingIdentity ?? null,
  });
}

/** Locks the user's row first, then the challenge's, as verifyOtp does. */
async function holdAccount(tx: Transaction, presented: Presented): Promise<UserRow> {
  const { challenge, otp, passkey } = presented;
  const { userId } = passkey;
  const isBound = challenge.otpChallengeId !== null;
  if (isBound && !otp) throw new Refused('challenge');
  const user = otp
    ? await holdProved(tx, { challenge: otp, userId })
    : await holdUser(tx, { id: userId });
  if (!user) throw new Refused('account');
  return user;
}

/** A discoverable passkey names its user; elsewhere the challenge has (WebAuthn 7.2, PK-14). */
function isOwn({ passkeyHandle }: UserRow, { otp, passkey, userHandle }: Presented): boolean {
  if (userHandle === null) return otp !== null;
  if (passkey.foreignHandle) return true;
  return passkeyHandle !== null && sameBytes(userHandle, passkeyHandle);
}

async function advance(
  ctx: Context,
  tx: Transaction,
  { otp, passkey, assertion }: Presented,
): Promise<PasskeyRow> {
  const now = ctx.clock.now();
  if (otp && !(await consumeChallenge(tx, { id: otp.id, now }))) throw new Refused('challenge');
  const { userVerified, ...told } = assertion;
  const { id, userId } = passkey;
  // Verified beside the password, it is known to verify from now on (WebAuthn 7.2). SECURITY: a
  // mailbox is no factor that could vouch for it (OT-9).
  const isVouchedFor = userVerified && otp?.provedMethods.includes('PASSWORD') === true;
  const uvInitialized = passkey.uvInitialized || isVouchedFor;
  const advanced = await advancePasskey(tx, { id, userId, ...told, uvInitialized, now });
  if (!advanced) throw new Refused('counter');
  if (advanced.backupState !== passkey.backupState) {
    const detail = { passkeyId: id, backedUp: advanced.backupState };
    const type = 'passkey.backup_changed';
    await recordAudit(ctx, { db: tx, type, outcome: 'SUCCESS', subjectId: userId, detail });
  }
  return advanced;
}
