import { z } from 'zod';
import type { Context } from '../../context.ts';
import type { Transaction } from '../../db/driver/transaction.ts';
import { findUserByEmail, insertUser } from '../../db/queries/users.ts';
import { AuthError } from '../../errors.ts';
import type { EmailAddress } from '../addresses/email-address.ts';
import { recordAudit } from '../audit/record.ts';
import { command } from '../command.ts';
import { forgotPasswordLink, signInLink } from '../emails/links.ts';
import { preferredLocale } from '../emails/locales.ts';
import { displayName, emailAddress, newPassword } from '../input.ts';
import { beginEmailChallenge } from '../otp/begin-email-challenge.ts';
import type { OtpChallenge } from '../otp/challenge-view.ts';
import { enqueueEmail, enqueueNothing } from '../outbox/enqueue-email.ts';
import { checkPassword } from '../passwords/check-password.ts';
import { accountKey, type Claim, reserve } from '../rate-limits/reserve.ts';

const schema = z.object({ email: emailAddress, password: newPassword, name: displayName });

/**
 * Begins an account: a code goes to the address. For an address that is taken the answer is the
 * same and its owner gets a notice (EN-2). Throws VALIDATION_FAILED for a password below the
 * policy, FORBIDDEN where registration is by invitation.
 */
export const register = command(schema, async (ctx, input): Promise<OtpChallenge> => {
  if (ctx.config.registration === 'invite')
    throw new AuthError('FORBIDDEN', { message: 'Registration is by invitation.' });
  const { email, name } = input;
  const byAddress: Claim = { budget: 'register:address', identifier: ctx.request.addressBucket };
  await ctx.hasher.approach(() => reserve(ctx, [byAddress]));
  const faults = await checkPassword(ctx, {
    password: input.password,
    path: 'password',
    context: name === null ? [email.canonical] : [email.canonical, name],
  });
  if (faults.length > 0) throw new AuthError('VALIDATION_FAILED', { fields: faults });
  // After the policy: whoever tries a few weak passwords first has not registered yet, and is not
  // shut out for it.
  await reserve(ctx, [
    { budget: 'register:account', identifier: accountKey(ctx, email.canonical) },
  ]);

  // Hashed whether or not the address is free: both ways take the same time.
  const passwordHash = await ctx.hasher.hash(input.password);
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
  const now = ctx.clock.now();
  // The same two statements for an address that is taken and for one that is not (EN-2).
  await insertUser(tx, {
    id: ctx.random.id(now),
    email: email.address,
    emailCanonical: email.canonical,
    now,
  });
  const user = await findUserByEmail(tx, { canonical: email.canonical });
  if (!user) throw new Error('The account was neither found nor made.');

  // SECURITY: an account that an administrator made, perhaps with roles, is claimed by its mailbox
  // alone, never by somebody's password.
  const free =
    user.emailVerifiedAt === null && user.suspendedAt === null && user.invitedAt === null;
  const locale = user.locale ?? preferredLocale(ctx.request.acceptLanguage);
  const challenge = await beginEmailChallenge(ctx, {
    db: tx,
    purpose: 'VERIFY_EMAIL',
    given: email,
    // Not the row but this challenge holds the password, so that nobody verifies another's
    // (ADV-48).
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
    await enqueueNothing(ctx, { db: tx });
  }
  await recordAudit(ctx, {
    db: tx,
    type: free ? 'account.registered' : 'account.register_repeated',
    outcome: free ? 'SUCCESS' : 'FAILURE',
    subjectId: user.id,
  });
  return challenge;
}
