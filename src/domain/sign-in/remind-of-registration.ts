import { secondsAfter } from '../../clock.ts';
import type { Context } from '../../context.ts';
import type { Transaction } from '../../db/driver/transaction.ts';
import { reviveRegistration } from '../../db/queries/otp-challenges.ts';
import { holdUnfinishedUser, type OpenRegistration } from '../../db/queries/users.ts';
import type { UserRow } from '../../db/tables/users.ts';
import { AuthError } from '../../errors.ts';
import type { EmailAddress } from '../addresses/email-address.ts';
import { preferredLocale } from '../emails/locales.ts';
import { beginEmailChallenge } from '../otp/begin-email-challenge.ts';
import { codeLifetime, maxAttempts, resendCooldown } from '../otp/rules.ts';
import { makeSecrets, sendCode } from '../otp/send-code.ts';
import { accountKey, type Claim, nobody, reserveUnseen } from '../rate-limits/reserve.ts';

type Input = {
  readonly email: EmailAddress;
  /** The account as it was read before the password was compared. */
  readonly user: Pick<UserRow, 'emailVerifiedAt'> | null;
  /** The open registration whose password was typed; null where it was another or none. */
  readonly registration: OpenRegistration | null;
};

/**
 * After a refused sign-in: where its account was registered and never verified, the mailbox gets a
 * link that finishes it, and where the registration's password was typed, a code for the page that
 * began it. Every other address costs the same statements and gets nothing (EN-1, EN-2).
 */
export async function remindOfRegistration(
  ctx: Context,
  { email, user: seen, registration }: Input,
): Promise<void> {
  const key = accountKey(ctx, email.canonical);
  // Where nothing will be mailed, the same statement counts in a budget that has room.
  const claim: Claim =
    seen?.emailVerifiedAt === null
      ? { budget: 'registration-mail:account', identifier: key }
      : { budget: 'login:failures', identifier: nobody(key) };
  const mayMail = await reserveUnseen(ctx, [claim]);
  try {
    await remind(ctx, { email, registration, mayMail });
  } catch (error) {
    // The whole server may send no more mails of registrations today: then no reminder goes out,
    // and a sign-in is answered as ever, so that a flood of registrations does not change it.
    if (!(error instanceof AuthError) || error.code !== 'RATE_LIMITED') throw error;
  }
}

type Reminder = Pick<Input, 'email' | 'registration'> & { readonly mayMail: boolean };

async function remind(ctx: Context, { email, registration, mayMail }: Reminder): Promise<void> {
  await ctx.transaction(async (db) => {
    const user = await holdUnfinishedUser(db, { canonical: email.canonical });
    const recipient =
      mayMail && user
        ? {
            userId: user.id,
            email: user.email,
            locale: registration?.locale ?? preferredLocale(ctx.request.acceptLanguage),
          }
        : null;
    if (recipient && registration && (await revive(ctx, db, { registration, ...recipient })))
      return;
    await beginEmailChallenge(ctx, {
      db,
      purpose: 'VERIFY_EMAIL',
      given: email,
      recipient,
      isReminder: true,
      ...(recipient && registration ? { pending: registration } : {}),
    });
  });
}

/** Sends another code and link for the registration itself; false where its tries are used up. */
async function revive(
  ctx: Context,
  db: Transaction,
  { registration: { id }, locale }: { registration: OpenRegistration; locale: string | null },
): Promise<boolean> {
  const now = ctx.clock.now();
  const { secrets, codeHash, linkHash } = makeSecrets(ctx, { id, purpose: 'VERIFY_EMAIL' });
  const challenge = await reviveRegistration(db, {
    id,
    codeHash,
    linkHash,
    maxAttempts,
    expiresAt: secondsAfter(now, codeLifetime),
    resendAvailableAt: secondsAfter(now, resendCooldown),
  });
  if (challenge) await sendCode(ctx, { db, challenge, secrets, locale, reminder: 'code and link' });
  return challenge !== null;
}
