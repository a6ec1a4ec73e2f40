import type { LeasedMessage } from '../../db/queries/outbox.ts';
import { MailError } from '../../mail/mailer.ts';
import { parseEmailAddress } from '../addresses/email-address.ts';
import { isNotice } from '../emails/notices.ts';
import { renderEmail } from '../emails/render-email.ts';
import { accountKey, reserveUnseen } from '../rate-limits/reserve.ts';
import type { Delivery, OutboxApp } from './delivery.ts';
import { nothing } from './enqueue-email.ts';
import { type MailPayload, openMail } from './sealed-mail.ts';

/** Sends the mail of a row, unless its recipient's mail budget is used up. */
export async function deliverMail(app: OutboxApp, message: LeasedMessage): Promise<Delivery> {
  if (message.template === nothing) return { kind: 'nothing' };
  const payload = openMail(app, { id: message.id, sealed: message.sealedPayload });
  if (!payload) return { kind: 'failed', reason: 'not_opened', fault: 'ours' };
  if (!(await withinBudget(app, message, payload)))
    return { kind: 'dropped', reason: 'over_budget' };
  return send(app, message, payload);
}

/**
 * Whether a mail that anyone could have triggered may still be sent (RL-9). Counted here, long
 * after the answer, so that callers can neither see nor time it; and once per mail, however many
 * attempts it takes.
 */
async function withinBudget(
  app: OutboxApp,
  message: LeasedMessage,
  { to, content }: MailPayload,
): Promise<boolean> {
  if (message.attempts > 1 || isNotice(content.template)) return true;
  return reserveUnseen(app, [
    {
      budget: 'mail:recipient',
      identifier: accountKey(app, parseEmailAddress(to)?.canonical ?? to),
    },
    { budget: 'mail:day', identifier: 'all' },
  ]);
}

async function send(
  app: OutboxApp,
  message: LeasedMessage,
  { content, locale, to }: MailPayload,
): Promise<Delivery> {
  try {
    const { appUrl, productName, mailTemplatesDirectory: templatesDirectory } = app.config;
    const options = { locale, appUrl, productName, templatesDirectory };
    const rendered = await renderEmail(content, options).catch(() => {
      throw new MailError('not_rendered', { fault: 'ours' });
    });
    await app.mailer.send({ id: message.id, to, ...rendered });
    return { kind: 'sent' };
  } catch (error) {
    const { reason, fault, permanent, throttled, retryAfter } =
      error instanceof MailError ? error : new MailError('not_sent', { fault: 'ours' });
    return { kind: 'failed', reason, fault, permanent, throttled, retryAfter };
  }
}
