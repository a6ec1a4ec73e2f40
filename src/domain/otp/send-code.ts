import type { Context } from '../../context.ts';
import type { Transaction } from '../../db/driver/transaction.ts';
import type { NewChallenge } from '../../db/queries/otp-challenges.ts';
import { sha256 } from '../../secret-keys.ts';
import type { EmailContent } from '../emails/email-content.ts';
import { verifyLink } from '../emails/links.ts';
import type { MailPurpose } from '../emails/purposes.ts';
import { enqueueEmail, enqueueNothing } from '../outbox/enqueue-email.ts';
import { purposeOf } from './challenge-view.ts';
import { codeLength, hashCode } from './code.ts';
import { linkBytes, linkPurposes, type OtpPurpose } from './rules.ts';

type Input = {
  readonly db: Transaction;
  readonly challenge: NewChallenge;
  readonly secrets: MailedSecrets;
  readonly locale: string | null;
  /**
   * A sign-in asked for an unfinished registration, see remind-of-registration; without a code
   * where no page has the challenge's handle, so that it could be typed nowhere.
   */
  readonly reminder?: 'code and link' | 'link';
  readonly isOwners?: boolean;
};

/** What a mail delivers; the row has only hashes of it. */
export type MailedSecrets = {
  readonly code: string;
  /** SECURITY: its own secret, never the challenge's handle, which the caller knows. */
  readonly linkToken: string;
};

/** New secrets for a challenge, with their hashes for its row. */
export function makeSecrets(
  ctx: Pick<Context, 'keys' | 'random'>,
  { id, purpose }: { id: string; purpose: OtpPurpose },
) {
  const code = ctx.random.digits(codeLength);
  const linkToken = ctx.random.token(linkBytes);
  return {
    secrets: { code, linkToken },
    codeHash: hashCode(ctx.keys, id, code),
    linkHash: linkPurposes.includes(purpose) ? sha256(linkToken) : null,
  };
}

/**
 * Puts the mail with a code into the outbox; for a decoy, a row of the same cost that sends
 * nothing.
 */
export async function sendCode(
  ctx: Context,
  { db, challenge, secrets, locale, reminder, isOwners = false }: Input,
): Promise<void> {
  if (challenge.userId === null || challenge.email === null)
    return enqueueNothing(ctx, { db, purpose: mailPurpose(challenge) });
  await enqueueEmail(ctx, {
    db,
    to: challenge.email,
    locale,
    isOwners,
    expiresAt: challenge.expiresAt,
    content: reminder ? reminderOf(ctx, secrets, reminder) : contentOf(ctx, challenge, secrets),
  });
}

function reminderOf(
  ctx: Context,
  { code, linkToken }: MailedSecrets,
  brings: 'code and link' | 'link',
): EmailContent {
  const link = verifyLink(ctx.config, { token: linkToken });
  return { template: 'finish-registration', code: brings === 'link' ? null : code, link };
}

function mailPurpose(challenge: NewChallenge): MailPurpose {
  switch (purposeOf(challenge)) {
    case 'VERIFY_EMAIL':
      return 'registration';
    case 'LOGIN':
    case 'LINK_IDENTITY':
      return 'sign-in';
    case 'STEP_UP':
    case 'CHANGE_EMAIL':
      return 'change';
  }
}

function contentOf(
  ctx: Context,
  challenge: NewChallenge,
  { code, linkToken }: MailedSecrets,
): EmailContent {
  const link = verifyLink(ctx.config, { token: linkToken });
  switch (purposeOf(challenge)) {
    case 'VERIFY_EMAIL':
      return { template: 'verify-email', code, link, name: challenge.pendingName };
    case 'LOGIN':
      return { template: 'login-code', code, link };
    case 'STEP_UP':
      return { template: 'step-up-code', code };
    case 'CHANGE_EMAIL':
      return { template: 'change-email-code', code };
    case 'LINK_IDENTITY':
      return { template: 'link-identity-code', code, provider: providerName(ctx, challenge) };
  }
}

function providerName({ config }: Context, { pendingIdentity }: NewChallenge): string | null {
  const id = pendingIdentity?.providerId;
  return config.identityProviders.find((provider) => provider.id === id)?.name ?? null;
}
