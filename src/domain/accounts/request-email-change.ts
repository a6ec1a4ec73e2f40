import { z } from 'zod';
import type { Context } from '../../context.ts';
import type { Transaction } from '../../db/driver/transaction.ts';
import { endChallenges } from '../../db/queries/otp-challenges.ts';
import { findUserByEmail } from '../../db/queries/users.ts';
import type { UserRow } from '../../db/tables/users.ts';
import { AuthError } from '../../errors.ts';
import type { EmailAddress } from '../addresses/email-address.ts';
import { recordAudit } from '../audit/record.ts';
import { holdStepUp } from '../caller/hold-caller.ts';
import { requireStepUp } from '../caller/require-step-up.ts';
import { command } from '../command.ts';
import { newEmailAddress } from '../input.ts';
import { beginEmailChallenge } from '../otp/begin-email-challenge.ts';
import type { OtpChallenge } from '../otp/challenge-view.ts';
import { enqueueEmail, enqueueNothing } from '../outbox/enqueue-email.ts';
import { accountKey, originOf, reserve, reserveUnseen } from '../rate-limits/reserve.ts';

const schema = z.object({ newEmail: newEmailAddress });

/**
 * Sends a code to the new address; nothing changes before confirmEmailChange. For an address that
 * is taken the answer is the same, no code is sent, and its owner is told (EN-3). Throws
 * STEP_UP_REQUIRED.
 */
export const requestEmailChange = command(
  schema,
  async (ctx, { newEmail }): Promise<OtpChallenge> => {
    const viewer = requireStepUp(ctx);
    await reserve(ctx, [{ budget: 'email-change:user', identifier: viewer.userId }]);
    assertOther(newEmail, viewer.session.user);
    const mayMail = await reserveUnseen(ctx, [
      {
        budget: 'email-change-mail:account',
        identifier: accountKey(ctx, newEmail.canonical),
        origin: originOf(ctx),
      },
    ]);
    const challenge = await ctx.transaction(async (tx) => {
      const user = await holdStepUp(ctx, { db: tx });
      assertOther(newEmail, user);
      // Read once the caller's row is held, and not held itself: confirming checks it again.
      const holder = await findUserByEmail(tx, { canonical: newEmail.canonical });
      // An unverified account does not block the change: confirming removes it (RC-7).
      const isFree =
        holder === null || (holder.emailVerifiedAt === null && holder.suspendedAt === null);
      await endChallenges(tx, { userId: user.id, purpose: 'CHANGE_EMAIL', now: ctx.clock.now() });
      const begun = await beginEmailChallenge(ctx, {
        db: tx,
        purpose: 'CHANGE_EMAIL',
        given: newEmail,
        recipient: isFree
          ? { userId: user.id, email: newEmail.address, locale: user.locale }
          : null,
        // Only the session that asked can confirm, so that signing out cancels it (RC-9).
        sessionId: viewer.sessionId,
        silent: !isFree || !mayMail,
      });
      if (!isFree || !mayMail) await tellHolder(ctx, tx, mayMail ? holder : null);
      await recordAudit(ctx, {
        db: tx,
        type: 'email.change_requested',
        outcome: 'SUCCESS',
        subjectId: user.id,
      });
      return begun;
    });
    return challenge;
  },
);

function assertOther(
  newEmail: EmailAddress,
  { emailCanonical }: Pick<UserRow, 'emailCanonical'>,
): void {
  if (newEmail.canonical !== emailCanonical) return;
  const message = 'This is the address that the account has already.';
  throw new AuthError('VALIDATION_FAILED', {
    fields: [{ path: 'newEmail', code: 'UNCHANGED', message }],
  });
}

async function tellHolder(ctx: Context, tx: Transaction, holder: UserRow | null): Promise<void> {
  if (holder === null || holder.emailVerifiedAt === null)
    return enqueueNothing(ctx, { db: tx, purpose: 'change' });
  await enqueueEmail(ctx, {
    db: tx,
    to: holder.email,
    locale: holder.locale,
    content: { template: 'address-in-use' },
  });
}
