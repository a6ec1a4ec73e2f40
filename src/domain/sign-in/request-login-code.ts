import { z } from 'zod';
import { holdUserByEmail } from '../../db/queries/users.ts';
import { command } from '../command.ts';
import { emailAddress } from '../input.ts';
import { beginEmailChallenge } from '../otp/begin-email-challenge.ts';
import type { OtpChallenge } from '../otp/challenge-view.ts';
import { accountKey, reserve } from '../rate-limits/reserve.ts';

const schema = z.object({ email: emailAddress });

/**
 * Sign-in by a code mailed to the address. An address without an account, or with a suspended one,
 * gets the same answer and no mail.
 */
export const requestLoginCode = command(schema, async (ctx, { email }): Promise<OtpChallenge> => {
  await reserve(ctx, [
    { budget: 'login-code:address', identifier: ctx.request.addressBucket },
    { budget: 'login-code:account', identifier: accountKey(ctx, email.canonical) },
  ]);
  const challenge = await ctx.transaction(async (tx) => {
    // SECURITY: held, so that no code goes to a mailbox that the account gives up meanwhile.
    const user = await holdUserByEmail(tx, { canonical: email.canonical });
    return beginEmailChallenge(ctx, {
      db: tx,
      purpose: 'LOGIN',
      given: email,
      // Mail goes to the stored address, never to what was typed (RC-10).
      recipient:
        user && user.suspendedAt === null
          ? { userId: user.id, email: user.email, locale: user.locale }
          : null,
    });
  });
  return challenge;
});
