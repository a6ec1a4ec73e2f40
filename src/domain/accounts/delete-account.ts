import { z } from 'zod';
import type { App } from '../../app.ts';
import type { RequestInfo, Viewer } from '../../context.ts';
import type { Transaction } from '../../db/driver/transaction.ts';
import { eraseOriginsOf } from '../../db/queries/audit-origins.ts';
import { holdAdmins } from '../../db/queries/user-administration.ts';
import { deleteUser } from '../../db/queries/users.ts';
import type { UserRow } from '../../db/tables/users.ts';
import { AuthError } from '../../errors.ts';
import type { Accepted } from '../accepted.ts';
import type { EmailAddress } from '../addresses/email-address.ts';
import { type Doer, recordAudit } from '../audit/record.ts';
import { holdStepUp } from '../caller/hold-caller.ts';
import { requireStepUp } from '../caller/require-step-up.ts';
import { actsAsUser } from '../caller/rules.ts';
import { command } from '../command.ts';
import { emailAddress } from '../input.ts';
import { requestOrigin } from '../origins/request-origin.ts';
import { enqueueEmail } from '../outbox/enqueue-email.ts';
import { accountKey, release, releaseOrigins, reserve } from '../rate-limits/reserve.ts';
import { adminRole } from '../roles/rules.ts';
import { passwordLocks } from '../sign-in/login-budget.ts';

const schema = z.object({ confirmEmail: emailAddress });

/**
 * Erases the caller's account: the user's row, everything that depends on it, and the origins of
 * the audited events. The events themselves stay under random ids. A last mail is sent. Throws
 * STEP_UP_REQUIRED, VALIDATION_FAILED for another address, CONFLICT for the last administrator.
 */
export const deleteAccount = command(schema, async (ctx, { confirmEmail }): Promise<Accepted> => {
  const viewer = requireStepUp(ctx);
  await reserve(ctx, [{ budget: 'delete:user', identifier: viewer.userId }]);
  assertAddress(confirmEmail, viewer.session.user);
  await ctx.transaction(async (tx) => {
    // SECURITY: locks the administrators' rows before all others, as in every change that may
    // affect one. Whatever the caller's roles were: the role may be given while this waits (AZ-7).
    const adminIds = await holdAdmins(tx);
    const user = await holdStepUp(ctx, { db: tx });
    assertAddress(confirmEmail, user);
    if (user.roles.includes(adminRole) && adminIds.every((id) => id === user.id))
      throw new AuthError('CONFLICT', { message: 'The last administrator cannot be deleted.' });
    await eraseUser(ctx, { db: tx, user, reason: null });
  });
  ctx.cookie.clear();
  return { kind: 'accepted', accepted: true };
});

function assertAddress(given: EmailAddress, user: Pick<UserRow, 'emailCanonical'>): void {
  if (given.canonical === user.emailCanonical) return;
  const message = 'This is not the address of the account.';
  throw new AuthError('VALIDATION_FAILED', {
    fields: [{ path: 'confirmEmail', code: 'MISMATCH', message }],
  });
}

/** A request, or the operator at the command line. */
type Eraser = Pick<
  App,
  'clock' | 'config' | 'random' | 'log' | 'keys' | 'metrics' | 'wakeOutbox'
> & {
  readonly request: RequestInfo | null;
  readonly viewer: Viewer | null;
  readonly by?: Doer;
};

/**
 * Erases a user within a transaction, at the request of the owner or of an administrator, which has
 * checked that another administrator is left.
 */
export async function eraseUser(
  ctx: Eraser,
  input: {
    readonly db: Transaction;
    /** As locked. */
    readonly user: UserRow;
    readonly reason: string | null;
  },
): Promise<void> {
  const { db, user, reason } = input;
  const { id, emailCanonical } = user;
  // Challenges, factors, tokens and sessions are deleted with the row, by cascade.
  const { clock, request, viewer } = ctx;
  const isOwner = actsAsUser(viewer) && viewer.userId === id;
  const deleted = await deleteUser(db, { id });
  if (!deleted) throw new AuthError('UNAUTHENTICATED', { reason: 'SESSION_REVOKED' });
  const identifier = accountKey(ctx, emailCanonical);
  await eraseOriginsOf(db, { personId: id, accountKey: identifier });
  // The next user who registers with this address starts without any locks or counts.
  await release(ctx, {
    db,
    claims: [
      ...passwordLocks(ctx, { id, emailCanonical }),
      { budget: 'otp:account', identifier },
      { budget: 'otp:consecutive', identifier },
      { budget: 'second-factor:account', identifier: id },
      { budget: 'second-factor:consecutive', identifier: id },
    ],
  });
  await releaseOrigins(db, { accountKey: identifier });
  await recordAudit(ctx, {
    db,
    type: 'account.deleted',
    outcome: 'SUCCESS',
    subjectId: id,
    withoutOrigin: true,
    ...(reason === null ? {} : { detail: { reason } }),
  });
  await enqueueEmail(ctx, {
    db,
    to: deleted.email,
    locale: deleted.locale,
    // The administrator's location is not disclosed to the owner.
    content: {
      template: 'account-deleted',
      ...(isOwner && request !== null
        ? requestOrigin({ clock, request })
        : { at: clock.now().toISOString() }),
    },
  });
}
