import { secondsAfter } from '../../clock.ts';
import {
  type LeasedMessage,
  leaseDueMessages,
  markMessageFailed,
  markMessageSent,
  postponeMessage,
} from '../../db/queries/outbox.ts';
import { deliverMail } from './deliver-mail.ts';
import type { Delivery, OutboxApp } from './delivery.ts';
import { deadlineMs, leaseSeconds, retryDelay } from './rules.ts';

type Deliver = (app: OutboxApp, message: LeasedMessage) => Promise<Delivery>;

/**
 * How a message of each kind is delivered; lease, deadline, retries and purge are the same for all.
 */
const deliverers: ReadonlyMap<string, Deliver> = new Map([['mail', deliverMail]]);

/**
 * Takes up to `limit` due rows, delivers them concurrently and outside of any transaction, and
 * returns how many it took. A failure is written to its own row. Rejects where the database fails;
 * a row whose outcome could not be written is taken again when its lease ends, and is sent with the
 * same idempotency key.
 */
export async function deliverDue(
  app: OutboxApp,
  input: { readonly limit: number },
): Promise<{ readonly taken: number }> {
  const now = app.clock.now();
  const leased = await leaseDueMessages(app.db, {
    now,
    leaseUntil: secondsAfter(now, leaseSeconds),
    limit: input.limit,
  });
  const outcomes = await Promise.allSettled(leased.map((message) => settle(app, message)));
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  return { taken: leased.length };
}

/** Delivers one message and stores its outcome. */
async function settle(app: OutboxApp, message: LeasedMessage): Promise<void> {
  if (message.expiresAt <= app.clock.now()) return giveUp(app, message, 'expired');
  const delivery = await deliver(app, message);
  const { id, attempts } = message;
  const now = app.clock.now();
  switch (delivery.kind) {
    case 'sent':
      return markMessageSent(app.db, { id, now });
    case 'dropped':
      return markMessageFailed(app.db, { id, attempts, now, lastError: delivery.reason });
    case 'failed':
      return recordFailure(app, message, delivery);
  }
}

async function deliver(app: OutboxApp, message: LeasedMessage): Promise<Delivery> {
  const run = deliverers.get(message.kind);
  // Written by a newer version running beside this one: left to that version's workers.
  if (!run) return { kind: 'failed', reason: 'unknown_kind' };
  let timer: NodeJS.Timeout | undefined;
  // A receiver that does not answer must not hold a row beyond its lease.
  const deadline = new Promise<Delivery>((resolve) => {
    timer = setTimeout(() => resolve({ kind: 'failed', reason: 'timeout' }), deadlineMs);
  });
  try {
    return await Promise.race([run(app, message), deadline]);
  } finally {
    clearTimeout(timer);
  }
}

async function recordFailure(
  app: OutboxApp,
  message: LeasedMessage,
  failure: Delivery & { readonly kind: 'failed' },
): Promise<void> {
  const { id, kind, template, attempts } = message;
  const { reason, permanent, retryAfter } = failure;
  const delay = retryDelay({ attempts, fraction: randomFraction(app), retryAfter });
  const availableAt = secondsAfter(app.clock.now(), delay);
  if (permanent || availableAt >= message.expiresAt) return giveUp(app, message, reason);
  await postponeMessage(app.db, { id, attempts, availableAt, lastError: reason });
  app.log.warn(
    { outboxId: id, template, attempts, reason, retryAt: availableAt },
    `A ${kind} was not taken.`,
  );
}

async function giveUp(app: OutboxApp, message: LeasedMessage, reason: string): Promise<void> {
  const { id, kind, attempts, template } = message;
  await markMessageFailed(app.db, { id, attempts, now: app.clock.now(), lastError: reason });
  app.log.error({ outboxId: id, template, attempts, reason }, `A ${kind} was given up.`);
}

function randomFraction({ random }: OutboxApp): number {
  return Buffer.from(random.bytes(4)).readUInt32BE() / 2 ** 32;
}
