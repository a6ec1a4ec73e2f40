import type { App } from '../../app.ts';
import { secondsAfter } from '../../clock.ts';
import type { Config } from '../../config/read-config.ts';
import {
  type LeasedMail,
  leaseDueMail,
  markMailFailed,
  markMailSent,
  postponeMail,
} from '../../db/queries/outbox.ts';
import { MailError } from '../../mail/mailer.ts';
import { parseEmailAddress } from '../addresses/email-address.ts';
import { isNotice } from '../emails/notices.ts';
import { renderEmail } from '../emails/render-email.ts';
import { accountKey, reserveUnseen } from '../rate-limits/reserve.ts';
import { nothing } from './enqueue-email.ts';
import { leaseSeconds, retryDelay, sendDeadlineMs } from './rules.ts';
import { type MailPayload, openMail } from './sealed-mail.ts';

export type OutboxApp = Pick<
  App,
  'db' | 'clock' | 'random' | 'log' | 'keys' | 'metrics' | 'mailer'
> & {
  readonly config: Pick<
    Config,
    'appUrl' | 'mailTemplatesDirectory' | 'rateLimits' | 'rateLimitMultiplier'
  >;
};

/**
 * Takes up to `limit` rows that are due and sends them, all at once, outside of any transaction;
 * says how many it took. One row's failure is written on that row. Rejects where the database
 * fails; a row whose outcome could not be written is taken again when its lease ends, and goes out
 * under the same idempotency key.
 */
export async function deliverDueMail(
  app: OutboxApp,
  input: { readonly limit: number },
): Promise<{ readonly taken: number }> {
  const now = app.clock.now();
  const leased = await leaseDueMail(app.db, {
    now,
    leaseUntil: secondsAfter(now, leaseSeconds),
    limit: input.limit,
  });
  const outcomes = await Promise.allSettled(leased.map((row) => deliver(app, row)));
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  return { taken: leased.length };
}

async function deliver(app: OutboxApp, row: LeasedMail): Promise<void> {
  if (row.expiresAt <= app.clock.now()) return giveUp(app, row, 'expired');
  if (row.template !== nothing) {
    const payload = openMail(app, { id: row.id, sealed: row.sealedPayload });
    if (!payload) return recordFailure(app, row, new MailError('not_opened'));
    if (!(await withinBudget(app, row, payload))) {
      return markMailFailed(app.db, {
        id: row.id,
        attempts: row.attempts,
        now: app.clock.now(),
        lastError: 'over_budget',
      });
    }
    const failure = await send(app, row, payload);
    if (failure) return recordFailure(app, row, failure);
  }
  await markMailSent(app.db, { id: row.id, now: app.clock.now() });
}

/**
 * Whether a mail that anybody could have set off may still go out (RL-9). Counted here, long after
 * the answer, so that nobody can see or time it; and once for each mail, however often it is tried.
 */
async function withinBudget(
  app: OutboxApp,
  row: LeasedMail,
  { to, content }: MailPayload,
): Promise<boolean> {
  if (row.attempts > 1 || isNotice(content.template)) return true;
  return reserveUnseen(app, [
    {
      budget: 'mail:recipient',
      identifier: accountKey(app, parseEmailAddress(to)?.canonical ?? to),
    },
    { budget: 'mail:day', identifier: 'all' },
  ]);
}

/** Null where the mail is out. */
async function send(
  app: OutboxApp,
  row: LeasedMail,
  { content, locale, to }: MailPayload,
): Promise<MailError | null> {
  try {
    const { appUrl, mailTemplatesDirectory: templatesDirectory } = app.config;
    const rendered = await renderEmail(content, { locale, appUrl, templatesDirectory }).catch(
      () => {
        throw new MailError('not_rendered');
      },
    );
    await withinDeadline(app.mailer.send({ id: row.id, to, ...rendered }));
    return null;
  } catch (error) {
    return error instanceof MailError ? error : new MailError('not_sent');
  }
}

async function recordFailure(app: OutboxApp, row: LeasedMail, failure: MailError): Promise<void> {
  const now = app.clock.now();
  const { attempts } = row;
  const delay = retryDelay({
    attempts,
    fraction: randomFraction(app),
    retryAfter: failure.retryAfter,
  });
  const availableAt = secondsAfter(now, delay);
  if (failure.permanent || availableAt >= row.expiresAt) return giveUp(app, row, failure.reason);
  await postponeMail(app.db, { id: row.id, attempts, availableAt, lastError: failure.reason });
  const { template } = row;
  app.log.warn(
    { outboxId: row.id, template, attempts, reason: failure.reason, retryAt: availableAt },
    'A mail was not taken.',
  );
}

async function giveUp(app: OutboxApp, row: LeasedMail, reason: string): Promise<void> {
  const { id, attempts, template } = row;
  await markMailFailed(app.db, { id, attempts, now: app.clock.now(), lastError: reason });
  app.log.error({ outboxId: id, template, attempts, reason }, 'A mail was given up.');
}

function randomFraction({ random }: OutboxApp): number {
  return Buffer.from(random.bytes(4)).readUInt32BE() / 2 ** 32;
}

/** A transport that does not answer must not keep a row beyond its lease. */
async function withinDeadline(sending: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new MailError('timeout')), sendDeadlineMs);
  });
  try {
    await Promise.race([sending, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
