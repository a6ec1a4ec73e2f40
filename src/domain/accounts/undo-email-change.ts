import { z } from 'zod';
import type { Context } from '../../context.ts';
import { databaseFailure } from '../../db/driver/failures.ts';
import type { Transaction } from '../../db/driver/transaction.ts';
import {
  endAccountTokens,
  findAccountToken,
  spendAccountToken,
} from '../../db/queries/account-tokens.ts';
import { forgetDevices } from '../../db/queries/known-devices.ts';
import { endChallenges } from '../../db/queries/otp-challenges.ts';
import { holdAnyUser } from '../../db/queries/user-administration.ts';
import { restoreEmail } from '../../db/queries/users.ts';
import type { AccountTokenRow } from '../../db/tables/account-tokens.ts';
import { AuthError } from '../../errors.ts';
import { sha256 } from '../../secret-keys.ts';
import type { Accepted } from '../accepted.ts';
import { canonicalOf } from '../addresses/email-address.ts';
import { recordAudit } from '../audit/record.ts';
import { command } from '../command.ts';
import { forgotPasswordLink } from '../emails/links.ts';
import { clearFactorsSince } from '../factors/clear-factors.ts';
import { opaqueToken } from '../input.ts';
import { requestOrigin } from '../origins/request-origin.ts';
import { enqueueEmail } from '../outbox/enqueue-email.ts';
import { reserve, reserveByAddress } from '../rate-limits/reserve.ts';
import { endAllSessions } from '../sessions/end-sessions.ts';
import { passwordPurposes } from './account-token.ts';
import { displaceUnverified } from './displace-unverified.ts';

const schema = z.object({ token: opaqueToken });

/**
 * Restores an account's former address, by the link that was mailed to it. Every session ends and
 * the password is removed, since the user who changed the address may know it, and with it every
 * factor that was set up since the change. Neither a suspension nor an earlier factor is lifted.
 * Throws INVALID_OR_EXPIRED_TOKEN, or CONFLICT where the address has an account of its own by now.
 */
export const undoEmailChange = command(schema, async (ctx, input): Promise<Accepted> => {
  const tokenHash = sha256(input.token);
  const now = ctx.clock.now();
  const find = () => findAccountToken(ctx.db, { tokenHash, purposes: ['UNDO_EMAIL_CHANGE'], now });
  const isValid = async (): Promise<boolean> => (await find()) !== null;
  await reserveByAddress(ctx, 'account-token:address', isValid);
  const found = await find();
  if (!found) throw new AuthError('INVALID_OR_EXPIRED_TOKEN');
  await reserve(ctx, [{ budget: 'account-token:link', identifier: tokenHash }]);
  try {
    await ctx.transaction((tx) => undo(ctx, tx, { token: found.token, userId: found.user.id }));
  } catch (error) {
    if (databaseFailure(error) !== 'unique-violation') throw error;
    throw new AuthError('CONFLICT', {
      message: 'The address has an account of its own by now.',
      cause: error,
    });
  }
  return { kind: 'accepted', accepted: true };
});

async function undo(
  ctx: Context,
  db: Transaction,
  { token, userId }: { token: AccountTokenRow; userId: string },
): Promise<void> {
  const now = ctx.clock.now();
  const email = token.email ?? '';
  const emailCanonical = canonicalOf(token.email);
  // Locks the user's row before all others (decision 014).
  await holdAnyUser(db, { id: userId });
  await displaceUnverified(ctx, { db, emailCanonical, exceptId: userId });
  const user = await restoreEmail(db, { id: userId, email, emailCanonical, now });
  const spent = await spendAccountToken(db, { tokenHash: token.tokenHash, now });
  if (!user || !spent) throw new AuthError('INVALID_OR_EXPIRED_TOKEN');
  await endChallenges(db, { userId, now });
  await endAccountTokens(db, { userId, purposes: passwordPurposes, now });
  // SECURITY: links of later changes are revoked, those of earlier ones stay valid: a thief who
  // changes the stolen address again must not be able to void the owner's link by undoing the
  // thief's own change.
  await endAccountTokens(db, {
    userId,
    purposes: ['UNDO_EMAIL_CHANGE'],
    madeSince: token.createdAt,
    now,
  });
  await clearFactorsSince(ctx, { db, user, since: token.createdAt });
  await endAllSessions(ctx, { db, userId, reason: 'credentials_changed' });
  await forgetDevices(db, { userId });
  await recordAudit(ctx, {
    db,
    type: 'email.change_undone',
    outcome: 'SUCCESS',
    subjectId: userId,
  });
  await enqueueEmail(ctx, {
    db,
    to: user.email,
    locale: user.locale,
    content: {
      template: 'email-change-undone',
      ...requestOrigin(ctx),
      resetLink: forgotPasswordLink(ctx.config),
    },
  });
}
