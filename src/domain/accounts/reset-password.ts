import { z } from 'zod';
import type { Context } from '../../context.ts';
import type { Transaction } from '../../db/driver/transaction.ts';
import {
  endAccountTokens,
  findAccountToken,
  spendAccountToken,
} from '../../db/queries/account-tokens.ts';
import { forgetDevices } from '../../db/queries/known-devices.ts';
import { endChallenges } from '../../db/queries/otp-challenges.ts';
import { holdAnyUser } from '../../db/queries/user-administration.ts';
import { resetPasswordHash } from '../../db/queries/users.ts';
import type { UserRow } from '../../db/tables/users.ts';
import { AuthError } from '../../errors.ts';
import { sha256 } from '../../secret-keys.ts';
import type { Accepted } from '../accepted.ts';
import { canonicalOf } from '../addresses/email-address.ts';
import { recordAudit } from '../audit/record.ts';
import { command } from '../command.ts';
import { forgotPasswordLink } from '../emails/links.ts';
import { clearUnproved } from '../factors/clear-factors.ts';
import { tellIdentities } from '../identities/tell-identities.ts';
import { newPassword, opaqueToken } from '../input.ts';
import { requestOrigin } from '../origins/request-origin.ts';
import { enqueueEmail } from '../outbox/enqueue-email.ts';
import { tellPasskeys } from '../passkeys/tell-passkeys.ts';
import { callerPlace } from '../passwords/caller-place.ts';
import { checkPassword } from '../passwords/check-password.ts';
import {
  accountKey,
  type Claim,
  release,
  releaseOrigins,
  reserve,
  reserveByAddress,
} from '../rate-limits/reserve.ts';
import { endAllSessions } from '../sessions/end-sessions.ts';
import { knownSession, presentsSession } from '../sessions/known-session.ts';
import { passwordLocks } from '../sign-in/login-budget.ts';
import { passwordPurposes } from './account-token.ts';

const schema = z.object({ token: opaqueToken, newPassword });

/**
 * Sets a password by the mailed link of a reset or an invitation. It signs no one in and skips no
 * second factor (RC-5); it ends every session and pending challenge and lifts the locks on the
 * account's password and mailed codes. An unverified account is claimed by it (RC-7). Throws
 * INVALID_OR_EXPIRED_TOKEN, VALIDATION_FAILED for a password that fails the policy, which leaves
 * the link valid, or RATE_LIMITED past the link's tries.
 */
export const resetPassword = command(schema, async (ctx, input): Promise<Accepted> => {
  const tokenHash = sha256(input.token);
  const now = ctx.clock.now();
  const find = () => findAccountToken(ctx.db, { tokenHash, purposes: passwordPurposes, now });
  // A link that is valid proves the mailbox: others at the address cannot shut it (RL-3).
  const isValid = async (): Promise<boolean> => (await find()) !== null;
  await ctx.hasher.approach(
    () => reserveByAddress(ctx, 'account-token:address', isValid),
    callerPlace(ctx, { isKnown: presentsSession(ctx) }),
  );
  const found = await find();
  if (!found) {
    await recordAudit(ctx, {
      db: ctx.db,
      type: 'password.reset_failed',
      outcome: 'FAILURE',
      subjectId: null,
    });
    throw new AuthError('INVALID_OR_EXPIRED_TOKEN');
  }
  const { token, user } = found;
  // SECURITY: anyone has a link, to an account of their own: it makes no known device.
  const isKnown = (await knownSession(ctx, user.emailCanonical)) !== null;
  const place = callerPlace(ctx, { isKnown });
  ctx.hasher.assertRoom(place);
  await reserve(ctx, [{ budget: 'account-token:link', identifier: tokenHash }]);
  const faults = await checkPassword(ctx, {
    password: input.newPassword,
    path: 'newPassword',
    context: user.name === null ? [user.emailCanonical] : [user.emailCanonical, user.name],
    place,
  });
  if (faults.length > 0) throw new AuthError('VALIDATION_FAILED', { fields: faults });
  const passwordHash = await ctx.hasher.hash(input.newPassword, place);
  await applyReset(ctx, {
    user,
    tokenHash,
    passwordHash,
    emailCanonical: canonicalOf(token.email),
  });
  return { kind: 'accepted', accepted: true };
});

type Reset = {
  readonly user: UserRow;
  readonly tokenHash: Uint8Array;
  readonly passwordHash: string;
  readonly emailCanonical: string;
};

async function applyReset(ctx: Context, reset: Reset): Promise<void> {
  const { user, tokenHash, passwordHash, emailCanonical } = reset;
  const userId = user.id;
  const now = ctx.clock.now();
  await ctx.transaction(async (tx) => {
    // Locks the user's row first, as in every change of password, factors or status: concurrent
    // sign-ins and this change wait for each other.
    const held = await holdAnyUser(tx, { id: userId });
    const changed = await resetPasswordHash(tx, { id: userId, emailCanonical, passwordHash, now });
    await endChallenges(tx, { userId, now });
    const spent = await spendAccountToken(tx, { tokenHash, now });
    if (!held || !changed || !spent) throw new AuthError('INVALID_OR_EXPIRED_TOKEN');
    // SECURITY: judged by the held row: an account verified meanwhile keeps its factors (RC-5).
    if (held.emailVerifiedAt === null) await claim(ctx, tx, held);
    await endAccountTokens(tx, { userId, purposes: passwordPurposes, now });
    await endAllSessions(ctx, { db: tx, userId, reason: 'credentials_changed' });
    await forgetDevices(tx, { userId });
    await release(ctx, { db: tx, claims: locksOf(ctx, { id: userId, emailCanonical }) });
    await releaseOrigins(tx, { accountKey: accountKey(ctx, emailCanonical) });
    await recordAudit(ctx, {
      db: tx,
      type: 'password.reset',
      outcome: 'SUCCESS',
      subjectId: userId,
    });
    await enqueueEmail(ctx, {
      db: tx,
      to: changed.email,
      locale: changed.locale,
      content: {
        template: 'password-reset-done',
        passkeys: await tellPasskeys(tx, { userId }),
        identities: await tellIdentities(tx, { userId }),
        ...requestOrigin(ctx),
        resetLink: forgotPasswordLink(ctx.config),
      },
    });
  });
}

/**
 * SECURITY: the reader of the mailbox takes over the account, but nothing that others have set up
 * on it before (RC-7).
 */
async function claim(ctx: Context, tx: Transaction, user: UserRow): Promise<void> {
  await clearUnproved(ctx, { db: tx, user });
  const subjectId = user.id;
  await recordAudit(ctx, { db: tx, type: 'email.verified', outcome: 'SUCCESS', subjectId });
}

/**
 * The locks that proving the mailbox lifts (NIST 3.2.2, RL-3): guessing cannot lock an owner out
 * for long.
 */
function locksOf(ctx: Context, user: { id: string; emailCanonical: string }): Claim[] {
  const identifier = accountKey(ctx, user.emailCanonical);
  return [
    ...passwordLocks(ctx, user),
    { budget: 'otp:account', identifier },
    { budget: 'otp:consecutive', identifier },
  ];
}
