import { secondsAfter } from '../../clock.ts';
import {
  type LeasedMessage,
  leaseDueMessages,
  markMessageFailed,
  markMessageSent,
  postponeMessage,
  releasePostponed,
  reviveMessage,
} from '../../db/queries/outbox.ts';
import { unprovenTemplates } from '../emails/purposes.ts';
import { deliverMail } from './deliver-mail.ts';
import {
  type Delivery,
  type FailedDelivery,
  type OutboxApp,
  overLimit,
  unprovenAddress,
} from './delivery.ts';
import type { ProviderHealth } from './provider-health.ts';
import { deadlineMs, leaseSeconds, refusedInARow, releasedPerSecond, retryDelay } from './rules.ts';

type Deliver = (app: OutboxApp, message: LeasedMessage) => Promise<Delivery>;

/**
 * How a message of each kind is delivered; lease, deadline, retries and purge are the same for all.
 */
const deliverers: ReadonlyMap<string, Deliver> = new Map([['mail', deliverMail]]);

/**
 * Takes as many due rows as the provider's health allows, delivers them concurrently and outside of
 * any transaction, and says whether there may be more. A failure is written to its own row. Rejects
 * where the database fails; a row whose outcome could not be written is taken again when its lease
 * ends, and is sent with the same idempotency key.
 */
export async function deliverDue(
  app: OutboxApp,
  { provider }: { readonly provider: ProviderHealth },
): Promise<{ readonly taken: number; readonly isMore: boolean }> {
  const now = app.clock.now();
  const { limit, order } = provider.turn(now);
  if (limit === 0) return { taken: 0, isMore: false };
  const leased = await leaseDueMessages(app.db, {
    now,
    leaseUntil: secondsAfter(now, leaseSeconds),
    limit,
    order,
  });
  if (leased.length < limit) provider.drained();
  const outcomes = await Promise.allSettled(
    leased.map((message) => settle(app, { message, provider })),
  );
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  if (provider.hasRecovered(app.clock.now())) {
    await releasePostponed(app.db, { now: app.clock.now(), perSecond: releasedPerSecond });
    return { taken: leased.length, isMore: true };
  }
  return { taken: leased.length, isMore: leased.length === limit };
}

type Attempt = { readonly message: LeasedMessage; readonly provider: ProviderHealth };

/** Delivers one message and stores its outcome. */
async function settle(app: OutboxApp, attempt: Attempt): Promise<void> {
  const { message, provider } = attempt;
  const { id, kind, attempts, expiresAt, lastError } = message;
  if (expiresAt <= app.clock.now()) {
    const isKnown = lastError === unprovenAddress || lastError === overLimit;
    return giveUp(app, message, isKnown ? lastError : 'expired');
  }
  const delivery = await deliver(app, message);
  const now = app.clock.now();
  switch (delivery.kind) {
    case 'sent':
      if (kind === 'mail') reportAccepted(app, provider);
      app.metrics.mail('sent');
      return markMessageSent(app.db, { id, now });
    case 'nothing':
      return markMessageSent(app.db, { id, now });
    case 'dropped':
      app.metrics.mail('dropped');
      return markMessageFailed(app.db, { id, attempts, now, lastError: delivery.reason });
    case 'failed':
      return recordFailure(app, attempt, delivery);
  }
}

async function deliver(app: OutboxApp, message: LeasedMessage): Promise<Delivery> {
  const run = deliverers.get(message.kind);
  // Written by a newer version running beside this one: left to that version's workers.
  if (!run) return { kind: 'failed', reason: 'unknown_kind', fault: 'ours' };
  let timer: NodeJS.Timeout | undefined;
  // A receiver that does not answer must not hold a row beyond its lease.
  const deadline = new Promise<Delivery>((resolve) => {
    const late: Delivery = { kind: 'failed', reason: 'timeout', fault: 'provider' };
    timer = setTimeout(() => resolve(late), deadlineMs);
  });
  try {
    return await Promise.race([run(app, message), deadline]);
  } finally {
    clearTimeout(timer);
  }
}

async function recordFailure(
  app: OutboxApp,
  { message, provider }: Attempt,
  failure: FailedDelivery,
): Promise<void> {
  const { reason, permanent = false, fault = 'provider' } = failure;
  const isMail = message.kind === 'mail';
  const isBelieved = !isMail || (await reportFailed(app, provider, failure));
  const waitsForProvider = fault === 'provider' || !isBelieved;
  const lastError = failure.isUnproven ? unprovenAddress : reason;
  if (permanent && isBelieved) await giveUp(app, message, lastError);
  else await postpone(app, { message, failure, lastError, waitsForProvider });
  if (!isMail || !isBelieved || fault !== 'recipient' || provider.believed(message)) return;
  await revive(app, message, lastError);
}

async function postpone(
  app: OutboxApp,
  input: {
    readonly message: LeasedMessage;
    readonly failure: FailedDelivery;
    readonly lastError: string;
    readonly waitsForProvider: boolean;
  },
): Promise<void> {
  const { lastError, waitsForProvider } = input;
  const { id, kind, template, attempts, expiresAt } = input.message;
  const { reason, retryAfter } = input.failure;
  const delay = retryDelay({ attempts, fraction: randomFraction(app), retryAfter });
  // Not given up before it expires: a probe may find the provider well again sooner.
  const availableAt = earlier(secondsAfter(app.clock.now(), delay), expiresAt);
  app.metrics.mail('postponed');
  await postponeMessage(app.db, {
    id,
    attempts,
    availableAt,
    lastError,
    waitsForProvider,
  });
  app.log.warn(
    { outboxId: id, template, attempts, reason, retryAt: availableAt },
    `A ${kind} was not taken.`,
  );
}

function reportAccepted({ clock, log }: OutboxApp, provider: ProviderHealth): void {
  const was = provider.refusals();
  provider.accepted(clock.now());
  if (was >= refusedInARow) log.info('The mail provider takes mail again.');
}

/** Whether the refusal is believed; where it is not, those that were believed are taken back. */
async function reportFailed(
  app: OutboxApp,
  provider: ProviderHealth,
  failure: FailedDelivery,
): Promise<boolean> {
  const was = provider.refusals();
  const { isBelieved, revived } = provider.failed(app.clock.now(), failure);
  if (was < refusedInARow && provider.refusals() >= refusedInARow)
    app.log.error({ reason: failure.reason }, 'The mail provider refuses every mail; mail waits.');
  for (const message of revived) {
    const isUnproven = unprovenTemplates.has(message.template);
    await revive(app, message, isUnproven ? unprovenAddress : failure.reason);
  }
  return isBelieved;
}

async function revive(
  app: OutboxApp,
  { id, sealedPayload }: LeasedMessage,
  lastError: string,
): Promise<void> {
  await reviveMessage(app.db, { id, sealedPayload, now: app.clock.now(), lastError });
}

async function giveUp(app: OutboxApp, message: LeasedMessage, reason: string): Promise<void> {
  const { id, kind, attempts, template } = message;
  const isDropped = reason === overLimit;
  app.metrics.mail(isDropped ? 'dropped' : reason === 'expired' ? 'expired' : 'refused');
  await markMessageFailed(app.db, { id, attempts, now: app.clock.now(), lastError: reason });
  app.log.error({ outboxId: id, template, attempts, reason }, `A ${kind} was given up.`);
}

function earlier(one: Date, other: Date): Date {
  return one < other ? one : other;
}

function randomFraction({ random }: OutboxApp): number {
  return Buffer.from(random.bytes(4)).readUInt32BE() / 2 ** 32;
}
