import type { App } from '../../app.ts';
import { secondsAfter } from '../../clock.ts';
import type { Config } from '../../config/read-config.ts';
import type { Transaction } from '../../db/driver/transaction.ts';
import { insertOutboxMessage } from '../../db/queries/outbox.ts';
import { AuthError } from '../../errors.ts';
import type { EmailContent } from '../emails/email-content.ts';
import { type MailPurpose, purposeOfMail } from '../emails/purposes.ts';
import { secondsUntilRoom } from '../rate-limits/reserve.ts';
import { type MailPayload, sealMail } from './sealed-mail.ts';

type Sender = Pick<App, 'keys' | 'clock' | 'random' | 'wakeOutbox' | 'metrics'> & {
  readonly config: Pick<Config, 'rateLimits' | 'rateLimitMultiplier'>;
};

/**
 * Seconds for which delivery is attempted: a code expires with its challenge (contract), a notice
 * may arrive late.
 */
const codeLifetime = 10 * 60;
const noticeLifetime = 3 * 24 * 3600;

/** The template of a decoy row, which is never sent. */
export const nothing = 'none';

/**
 * Throws RATE_LIMITED where the whole server may send no more mails of this purpose today, if it
 * has such a limit: refused now, alike for every address, rather than dropped later.
 */
async function assertMayMail(
  ctx: Sender,
  { db, purpose }: { db: Transaction; purpose: MailPurpose },
): Promise<void> {
  if (purpose === 'notice') return;
  const claim = { budget: 'mail:day', identifier: purpose } as const;
  const retryAfter = await secondsUntilRoom(ctx, { db, claim });
  if (retryAfter === 0) return;
  ctx.metrics.limited('mail:day');
  throw new AuthError('RATE_LIMITED', { retryAfter });
}

/**
 * Enqueues a mail. `db` is the transaction of the change that the mail is about: both are committed
 * or neither (EM-5). The worker is woken after the commit. Without `expiresAt`, a mail with a code
 * is tried for 10 minutes and any other for 3 days.
 */
export async function enqueueEmail(
  ctx: Sender,
  input: {
    readonly db: Transaction;
    readonly to: string;
    /** A BCP 47 tag; null for the default language. */
    readonly locale: string | null;
    readonly content: EmailContent;
    readonly expiresAt?: Date;
    /** Asked for by a device that the account knows. */
    readonly isOwners?: boolean;
  },
): Promise<void> {
  const { to, locale, content, isOwners = false } = input;
  await assertMayMail(ctx, { db: input.db, purpose: purposeOfMail(content.template) });
  const lifetime = 'code' in content ? codeLifetime : noticeLifetime;
  await insertRow(ctx, {
    db: input.db,
    template: content.template,
    payload: { to, locale, content, ...(isOwners ? { isOwners } : {}) },
    expiresAt: input.expiresAt ?? secondsAfter(ctx.clock.now(), lifetime),
  });
}

/**
 * Costs what enqueueEmail costs and sends nothing, so that an answer about an unknown address takes
 * as long (EN-2).
 */
export async function enqueueNothing(
  ctx: Sender,
  input: {
    readonly db: Transaction;
    /** Of the mail in whose place this stands. */
    readonly purpose: MailPurpose;
  },
): Promise<void> {
  await assertMayMail(ctx, input);
  const expiresAt = secondsAfter(ctx.clock.now(), codeLifetime);
  await insertRow(ctx, { db: input.db, template: nothing, payload: null, expiresAt });
}

async function insertRow(
  ctx: Sender,
  input: { db: Transaction; template: string; payload: MailPayload | null; expiresAt: Date },
): Promise<void> {
  const now = ctx.clock.now();
  const id = ctx.random.id(now);
  await insertOutboxMessage(input.db, {
    id,
    kind: 'mail',
    template: input.template,
    sealedPayload: sealMail(ctx, { id, payload: input.payload }),
    availableAt: now,
    expiresAt: input.expiresAt,
    createdAt: now,
  });
  input.db.afterCommit(ctx.wakeOutbox);
}
