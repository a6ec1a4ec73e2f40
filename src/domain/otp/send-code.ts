import type { Context } from '../../context.ts';
import type { Transaction } from '../../db/driver/transaction.ts';
import type { NewChallenge } from '../../db/queries/otp-challenges.ts';
import type { EmailContent } from '../emails/email-content.ts';
import { enqueueEmail, enqueueNothing } from '../outbox/enqueue-email.ts';

import { purposeOf } from './challenge-view.ts';

type Input = {
  readonly db: Transaction;
  readonly challenge: NewChallenge;
  readonly handle: string;
  readonly code: string;
  readonly locale: string | null;
};

/**
 * Puts the mail with a code into the outbox; for a decoy, a row of the same cost that sends
 * nothing.
 */
export async function sendCode(
  ctx: Context,
  { db, challenge, handle, code, locale }: Input,
): Promise<void> {
  if (challenge.userId === null || challenge.email === null) return enqueueNothing(ctx, { db });
  await enqueueEmail(ctx, {
    db,
    to: challenge.email,
    locale,
    expiresAt: challenge.expiresAt,
    content: contentOf(ctx, challenge, handle, code),
  });
}

function contentOf(
  ctx: Context,
  challenge: NewChallenge,
  handle: string,
  code: string,
): EmailContent {
  // The code stands after "#": a fragment reaches no server and no log, and no GET can spend it
  // (RC-4).
  const link = `${ctx.config.appUrl}/verify?challenge=${encodeURIComponent(handle)}#code=${code}`;
  switch (purposeOf(challenge)) {
    case 'VERIFY_EMAIL':
      return { template: 'verify-email', code, link, name: challenge.pendingName };
    case 'LOGIN':
      return { template: 'login-code', code, link };
    case 'STEP_UP':
      return { template: 'step-up-code', code };
    case 'CHANGE_EMAIL':
      return { template: 'change-email-code', code };
  }
}
