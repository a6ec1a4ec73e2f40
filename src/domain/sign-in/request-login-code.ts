import { z } from 'zod';
import { holdUserByEmail } from '../../db/queries/users.ts';
import { command } from '../command.ts';
import { emailAddress } from '../input.ts';
import { beginEmailChallenge } from '../otp/begin-email-challenge.ts';
import type { OtpChallenge } from '../otp/challenge-view.ts';
import { tellShut } from '../outbox/tell-shut.ts';
import { accountKey, originOf, reserveAndTell, reserveByAddress } from '../rate-limits/reserve.ts';
import { knownSession } from '../sessions/known-session.ts';

const schema = z.object({ email: emailAddress });

/**
 * Sign-in by a code mailed to the address. An address without an account, or with a suspended one,
 * gets the same answer and no mail.
 */
export const requestLoginCode = command(schema, async (ctx, { email }): Promise<OtpChallenge> => {
  const { canonical } = email;
  const key = accountKey(ctx, canonical);
  const knownSessionId = await knownSession(ctx, canonical);
  const isKnown = knownSessionId !== null;
  await reserveByAddress(ctx, 'login-code:address', async () => isKnown);
  // A known device has a budget of its own, and no other network the account's whole one (RL-3).
  const { isLast, isLastHere } = await reserveAndTell(
    ctx,
    isKnown
      ? { budget: 'login-code:device', identifier: knownSessionId }
      : { budget: 'login-code:account', identifier: key, origin: originOf(ctx) },
  );
  const { challenge, owner } = await ctx.transaction(async (tx) => {
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
    return { challenge, owner };
  });
  const told = owner?.emailVerifiedAt ? owner : null;
  if ((isLast || isLastHere) && !isKnown) {
    const origin = isLast ? null : originOf(ctx);
    await tellShut(ctx, { owner: told, accountKey: key, template: 'sign-in-shut', origin });
  }
  return challenge;
});
