import type { LeasedMessage } from '../../db/queries/outbox.ts';
import { MailError } from '../../mail/mailer.ts';
import { parseEmailAddress } from '../addresses/email-address.ts';
import { purposeOfMail, unprovenTemplates } from '../emails/purposes.ts';
import { renderEmail } from '../emails/render-email.ts';
import { accountKey, reserveUnseen, secondsUntilRoom } from '../rate-limits/reserve.ts';
import { type Delivery, type OutboxApp, overLimit } from './delivery.ts';
import { nothing } from './enqueue-email.ts';
import { type MailPayload, openMail } from './sealed-mail.ts';

/** Sends the mail of a row, unless its recipient's mail budget is used up. */
export async function deliverMail(app: OutboxApp, message: LeasedMessage): Promise<Delivery> {
  if (message.template === nothing) return { kind: 'nothing' };
  const payload = openMail(app, { id: message.id, sealed: message.sealedPayload });
  if (!payload) return { kind: 'failed', reason: 'not_opened', fault: 'ours' };
  return (await overBudget(app, message, payload)) ?? send(app, message, payload);
}

/**
 * What becomes of a mail that anyone could have triggered, past a budget (RL-9): one mailbox gets
 * no more, and what the whole server may not send today waits. Counted here, long after the answer,
 * so that callers can neither see nor time it; and once per mail, however many attempts it takes.
 */
async function overBudget(
  app: OutboxApp,
  { attempts, lastError }: LeasedMessage,
  { to, content, isOwners }: MailPayload,
): Promise<Delivery | null> {
  const purpose = purposeOfMail(content.template);
  const wasPostponed = lastError === overLimit;
  if (purpose === 'notice' || (attempts > 1 && !wasPostponed)) return null;
  // A reset and a known device have budgets of their own, which others cannot use up (RL-3).
  if (!wasPostponed && purpose !== 'reset' && isOwners !== true) {
    const recipient = Buffer.from(accountKey(app, canonical(to)));
    const identifier = `${purpose} ${recipient.toString('hex')}`;
    if (!(await reserveUnseen(app, [{ budget: 'mail:recipient', identifier }])))
      return { kind: 'dropped', reason: 'over_budget' };
  }
  const ofToday = { budget: 'mail:day', identifier: purpose } as const;
  if (await reserveUnseen(app, [ofToday])) return null;
  const retryAfter = await secondsUntilRoom(app, { db: app.db, claim: ofToday });
  return { kind: 'failed', reason: overLimit, fault: 'ours', retryAfter };
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
    const { reason, fault, permanent, aboutAddress, throttled, retryAfter } =
      error instanceof MailError ? error : new MailError('not_sent', { fault: 'ours' });
    const recipient = canonical(to);
    const isUnproven = aboutAddress && unprovenTemplates.has(content.template);
    return {
      kind: 'failed',
      reason,
      recipient,
      isUnproven,
      fault,
      permanent,
      throttled,
      retryAfter,
    };
  }
}

function canonical(address: string): string {
  return parseEmailAddress(address)?.canonical ?? address;
}
