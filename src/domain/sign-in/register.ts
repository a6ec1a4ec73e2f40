import { z } from 'zod';
import type { Context } from '../../context.ts';
import type { Transaction } from '../../db/driver/transaction.ts';
import { holdUserByEmail, insertUser } from '../../db/queries/users.ts';
import type { UserRow } from '../../db/tables/users.ts';
import { AuthError } from '../../errors.ts';
import type { EmailAddress } from '../addresses/email-address.ts';
import { recordAudit } from '../audit/record.ts';
import { command } from '../command.ts';
import { forgotPasswordLink, signInLink } from '../emails/links.ts';
import { preferredLocale } from '../emails/locales.ts';
import { displayName, newEmailAddress, newPassword } from '../input.ts';
import { beginEmailChallenge } from '../otp/begin-email-challenge.ts';
import type { OtpChallenge } from '../otp/challenge-view.ts';
import { enqueueEmail, enqueueNothing } from '../outbox/enqueue-email.ts';
import { callerPlace } from '../passwords/caller-place.ts';
import { checkPassword } from '../passwords/check-password.ts';
import { accountKey, originOf, reserve, reserveByAddress } from '../rate-limits/reserve.ts';

const schema = z.object({ email: newEmailAddress, password: newPassword, name: displayName });

/**
 * Begins an account by mailing a code to the address. For a taken address the answer is the same
 * and its owner gets a notice (EN-2). Throws VALIDATION_FAILED for a password that fails the
 * policy, FORBIDDEN where registration is by invitation.
 */
export const register = command(schema, async (ctx, input): Promise<OtpChallenge> => {
  if (ctx.config.registration === 'invite')
    throw new AuthError('FORBIDDEN', { message: 'Registration is by invitation.' });
  const { email, name } = input;
  const place = callerPlace(ctx, { isKnown: false });
  await ctx.hasher.approach(() => reserveByAddress(ctx, 'register:address'), place);
  ctx.hasher.assertRoom(place);
  const faults = await checkPassword(ctx, {
    password: input.password,
    path: 'password',
    context: name === null ? [email.canonical] : [email.canonical, name],
    place,
  });
  if (faults.length > 0) throw new AuthError('VALIDATION_FAILED', { fields: faults });
  // Counted after the policy: a user who tries a few weak passwords first has not registered yet,
  // and must not be locked out for it.
  await reserve(ctx, [
    {
      budget: 'register:account',
      identifier: accountKey(ctx, email.canonical),
      origin: originOf(ctx),
    },
  ]);

  // Hashed whether or not the address is free, so that both cases take the same time.
  const passwordHash = await ctx.hasher.hash(input.password, place);
  const challenge = await ctx.transaction((tx) => begin(ctx, tx, { email, name, passwordHash }));
  return challenge;
});

type Wanted = {
  readonly email: EmailAddress;
  readonly name: string | null;
  readonly passwordHash: string;
};

async function begin(
  ctx: Context,
  tx: Transaction,
  { email, name, passwordHash }: Wanted,
): Promise<OtpChallenge> {
  const user = await makeOrHold(ctx, tx, email);
  // SECURITY: an account made by an administrator, perhaps with roles, is claimed only through its
  // mailbox, never by a password set in a registration.
  const free =
    user.emailVerifiedAt === null && user.suspendedAt === null && user.invitedAt === null;
  const locale = user.locale ?? preferredLocale(ctx.request.acceptLanguage);
  const challenge = await beginEmailChallenge(ctx, {
    db: tx,
    purpose: 'VERIFY_EMAIL',
    given: email,
    // The password is held by this challenge, not by the user's row, so that a user never verifies
    // a password set by someone else (ADV-48).
    recipient: free ? { userId: user.id, email: user.email, locale } : null,
    ...(free ? { pending: { passwordHash, name, locale } } : {}),
    silent: !free,
  });
  if (!free && (user.emailVerifiedAt !== null || user.suspendedAt === null)) {
    await enqueueEmail(ctx, {
      db: tx,
      to: user.email,
      locale,
      content: {
        template: 'already-registered',
        name: user.name,
        signInLink: signInLink(ctx.config),
        resetLink: forgotPasswordLink(ctx.config),
      },
    });
  } else if (!free) {
    await enqueueNothing(ctx, { db: tx, purpose: 'registration' });
  }
  await recordAudit(ctx, {
    db: tx,
    type: free ? 'account.registered' : 'account.register_repeated',
    outcome: free ? 'SUCCESS' : 'FAILURE',
    subjectId: user.id,
  });
  return challenge;
}

/**
 * The account of the address, locked: a new one, or the one that has it. The same two statements
 * for a taken and a free address (EN-2), and once more where it was given up between them.
 */
async function makeOrHold(ctx: Context, tx: Transaction, email: EmailAddress): Promise<UserRow> {
  const now = ctx.clock.now();
  const { address, canonical } = email;
  for (let tries = 0; tries < 3; tries += 1) {
    await insertUser(tx, {
      id: ctx.random.id(now),
      email: address,
      emailCanonical: canonical,
      now,
    });
    const user = await holdUserByEmail(tx, { canonical });
    if (user) return user;
  }
  throw new Error('The account was neither found nor made.');
}
