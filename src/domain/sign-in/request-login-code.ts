import { z } from 'zod';
import { holdUserByEmail } from '../../db/queries/users.ts';
import { command } from '../command.ts';
import { emailAddress } from '../input.ts';
import { beginEmailChallenge } from '../otp/begin-email-challenge.ts';
import type { OtpChallenge } from '../otp/challenge-view.ts';
import { reserveByAddress } from '../rate-limits/reserve.ts';
import { knownSession } from '../sessions/known-session.ts';
import { reserveLoginCode } from './login-code-budget.ts';

const schema = z.object({ email: emailAddress });

/**
 * Sign-in by a code mailed to the address. An address without an account, or with a suspended one,
 * gets the same answer and no mail.
 */
export const requestLoginCode = command(schema, async (ctx, { email }): Promise<OtpChallenge> => {
  const { canonical } = email;
  const knownSessionId = await knownSession(ctx, canonical);
  const isKnown = knownSessionId !== null;
  await reserveByAddress(ctx, 'login-code:address', async () => isKnown);
  const { tell } = await reserveLoginCode(ctx, { canonical, knownSessionId });
  const { challenge, user } = await ctx.transaction(async (tx) => {
    // SECURITY: held, so that no code goes to a mailbox that the account gives up meanwhile.
    const user = await holdUserByEmail(tx, { canonical });
    const owner = user && user.suspendedAt === null ? user : null;
    const challenge = await beginEmailChallenge(ctx, {
      db: tx,
      purpose: 'LOGIN',
      given: email,
      // Mail goes to the stored address, never to what was typed (RC-10).
      recipient: owner && { userId: owner.id, email: owner.email, locale: owner.locale },
      knownSessionId,
      accountProved: user !== null && user.emailVerifiedAt !== null,
      isOwners: isKnown,
    });
    return { challenge, user };
  });
  await tell(user);
  return challenge;
});
