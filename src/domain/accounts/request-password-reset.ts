import { z } from 'zod';
import { holdUserByEmail } from '../../db/queries/users.ts';
import type { Accepted } from '../accepted.ts';
import { recordAudit } from '../audit/record.ts';
import { command } from '../command.ts';
import { resetPasswordLink } from '../emails/links.ts';
import { emailAddress } from '../input.ts';
import { enqueueEmail, enqueueNothing } from '../outbox/enqueue-email.ts';
import {
  accountKey,
  originOf,
  reserve,
  reserveByAddress,
  reserveUnseen,
} from '../rate-limits/reserve.ts';
import { knownSession } from '../sessions/known-session.ts';
import { issueAccountToken, resetLifetime } from './account-token.ts';

const schema = z.object({ email: emailAddress });

/**
 * Mails a password reset link. The answer and the work are the same for every address: known,
 * unknown, unverified, suspended, or with its hourly mails used up (RC-1, RL-9). The account itself
 * does not change (RL-3). Throws RATE_LIMITED past the budget of the address or of a known device.
 */
export const requestPasswordReset = command(schema, async (ctx, { email }): Promise<Accepted> => {
  const knownSessionId = await knownSession(ctx, email.canonical);
  await reserveByAddress(ctx, 'reset:address', async () => knownSessionId !== null);
  // A known device passes where its address has no room, so that it has a budget of its own.
  if (knownSessionId !== null)
    await reserve(ctx, [{ budget: 'reset:device', identifier: knownSessionId }]);
  const key = accountKey(ctx, email.canonical);
  const mayMail = await reserveUnseen(ctx, [
    { budget: 'reset-mail:account', identifier: key, origin: originOf(ctx) },
  ]);
  await ctx.transaction(async (tx) => {
    const user = await holdUserByEmail(tx, { canonical: email.canonical });
    const recipient = mayMail && user && user.suspendedAt === null ? user : null;
    const token = await issueAccountToken(ctx, {
      db: tx,
      purpose: 'RESET_PASSWORD',
      owner: recipient && { userId: recipient.id, email: recipient.email },
      lifetime: resetLifetime,
    });
    if (recipient) {
      await enqueueEmail(ctx, {
        db: tx,
        // Mail goes to the stored address, never to what was typed (RC-10).
        to: recipient.email,
        locale: recipient.locale,
        content: { template: 'password-reset', link: resetPasswordLink(ctx.config, { token }) },
      });
    } else {
      await enqueueNothing(ctx, { db: tx, purpose: 'reset' });
    }
    await recordAudit(ctx, {
      db: tx,
      type: 'password.reset_requested',
      outcome: recipient ? 'SUCCESS' : 'FAILURE',
      subjectId: user?.id ?? null,
      accountKey: key,
    });
  });
  return { kind: 'accepted', accepted: true };
});
