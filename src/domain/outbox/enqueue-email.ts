import type { App } from '../../app.ts';
import { secondsAfter } from '../../clock.ts';
import type { Transaction } from '../../db/driver/transaction.ts';
import { insertOutboxMessage } from '../../db/queries/outbox.ts';
import type { EmailContent } from '../emails/email-content.ts';
import { type MailPayload, sealMail } from './sealed-mail.ts';

type Sender = Pick<App, 'keys' | 'clock' | 'random' | 'wakeOutbox'>;

/**
 * Seconds for which delivery is attempted: a code expires with its challenge (contract), a notice
 * may arrive late.
 */
const codeLifetime = 10 * 60;
const noticeLifetime = 3 * 24 * 3600;

/** The template of a decoy row, which is never sent. */
export const nothing = 'none';

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
  },
): Promise<void> {
  const { to, locale, content } = input;
  const lifetime = 'code' in content ? codeLifetime : noticeLifetime;
  await insertRow(ctx, {
    db: input.db,
    template: content.template,
    payload: { to, locale, content },
    expiresAt: input.expiresAt ?? secondsAfter(ctx.clock.now(), lifetime),
  });
}

/**
 * Costs what enqueueEmail costs and sends nothing, so that an answer about an unknown address takes
 * as long (EN-2).
 */
export async function enqueueNothing(
  ctx: Sender,
  input: { readonly db: Transaction },
): Promise<void> {
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
