import { secondsAfter } from '../../clock.ts';
import type { LeasedMessage, LeaseOrder } from '../../db/queries/outbox.ts';
import type { FailedDelivery } from './delivery.ts';
import {
  firstReleasePause,
  newsSeconds,
  probePause,
  refusedInARow,
  releasePause,
  rowSeconds,
  secondsToWait,
  wideningSeconds,
} from './rules.ts';

/** What the worker may take from the outbox now. */
export type Turn = {
  /** Messages at a time; 0 while the provider is left in peace. */
  readonly limit: number;
  readonly order: LeaseOrder;
};

/** What becomes of a message that the provider refused, and of those that it refused before. */
export type Judgement = {
  /** False: the refusal is not believed, because the provider refuses every mail. */
  readonly isBelieved: boolean;
  /** Given up or postponed earlier on the provider's word, to be tried again. */
  readonly revived: readonly LeasedMessage[];
};

/**
 * What this process knows of the mail provider. Every process has its own and learns from its own
 * sends; what they share is the rows of the outbox. While the provider fails, one message at a time
 * is tried; while it refuses everyone, no address is believed to be wrong.
 */
export type ProviderHealth = {
  turn(now: Date): Turn;
  /** Milliseconds until the next probe; null where there is none to wait for. */
  wait(now: Date): number | null;
  accepted(now: Date): void;
  failed(now: Date, failure: FailedDelivery): Judgement;
  /**
   * Remembers that a message was given up or postponed for its recipient's sake; false where the
   * provider's word has become doubtful meanwhile.
   */
  believed(message: LeasedMessage): boolean;
  /** Nothing more is due: what an outage has kept back no longer stands before what is new. */
  drained(): void;
  /** True once when an outage has ended: what waits for its next attempt may go now. */
  hasRecovered(now: Date): boolean;
  /**
   * Refusals in a row that speak of the provider: of those for a recipient's sake one of each
   * recipient, and none of an address that has proved nothing.
   */
  refusals(): number;
  /** Whether the last refusal is recent enough to speak of the provider as it is now. */
  isNews(now: Date): boolean;
};

/** Refusals of a few mailboxes that get many mails, between two mails that are accepted. */
const mostDoubtful = 100;

export function createProviderHealth({ width }: { readonly width: number }): ProviderHealth {
  const refusals = createRefusals();
  const telling = createTellingRefusals();
  const releases = createReleases();
  let since = new Date(0);
  let isFailing = false;
  let failedAt = new Date(0);
  let probeAt = new Date(0);
  let ceiling = width;
  let widenAt = new Date(0);
  let hasBacklog = false;

  // A clock that was set back must not postpone the probe.
  const mayProbe = (now: Date): boolean => now >= probeAt || now < failedAt;
  const widen = (now: Date): void => {
    if (ceiling >= width || now < widenAt) return;
    ceiling += 1;
    widenAt = secondsAfter(now, wideningSeconds);
  };

  return {
    turn: (now) => {
      widen(now);
      if (isFailing) return { limit: mayProbe(now) ? 1 : 0, order: 'newestOrPostponed' };
      // A refusal of an address costs the provider nothing: what is new is tried without a pause.
      if (refusals.areTooMany())
        return { limit: 1, order: mayProbe(now) ? 'newestOrPostponed' : 'newest' };
      return { limit: ceiling, order: hasBacklog ? 'newest' : 'longestWaiting' };
    },
    wait: (now) => {
      if ((!isFailing && !refusals.areTooMany()) || mayProbe(now)) return null;
      return probeAt.getTime() - now.getTime();
    },
    accepted: (now) => {
      if (isFailing || refusals.areTooMany()) {
        releases.request();
        hasBacklog = true;
      }
      widen(now);
      refusals.clear();
      telling.clear();
      isFailing = false;
    },
    failed: (now, failure) => {
      const { fault, throttled = false, retryAfter, isUnproven = false } = failure;
      if (fault === 'ours') return { isBelieved: true, revived: [] };
      const recipient = fault === 'recipient' ? failure.recipient : undefined;
      if (refusals.count() === 0) since = now;
      if (fault !== 'recipient') isFailing = true;
      refusals.add(recipient);
      if (!isUnproven) telling.add(now, recipient);
      failedAt = now;
      probeAt = secondsAfter(now, secondsToWait(retryAfter) ?? probePause({ since, now }));
      if (throttled) {
        ceiling = 1;
        widenAt = secondsAfter(now, wideningSeconds);
      }
      if (!refusals.areTooMany()) return { isBelieved: true, revived: [] };
      return { isBelieved: false, revived: refusals.takeDoubtful() };
    },
    drained: () => {
      hasBacklog = false;
    },
    believed: refusals.believed,
    hasRecovered: releases.take,
    refusals: telling.count,
    isNews: (now) => now < secondsAfter(probeAt, newsSeconds),
  };
}

/** The refusals since the last mail that was accepted, and what they did. */
function createRefusals() {
  let streak = 0;
  // Canonical addresses, fewer than `refusedInARow`.
  let recipients: readonly string[] = [];
  let doubtful: readonly LeasedMessage[] = [];
  const areTooMany = (): boolean => streak >= refusedInARow;

  return {
    count: () => streak,
    areTooMany,
    /** One mailbox that refuses each mail to it says nothing of the provider, and counts once. */
    add: (recipient: string | undefined): void => {
      if (recipient !== undefined && !areTooMany()) {
        if (recipients.includes(recipient)) return;
        recipients = [...recipients, recipient];
      }
      streak += 1;
    },
    believed: (message: LeasedMessage): boolean => {
      if (areTooMany()) return false;
      const others = doubtful.filter(({ id }) => id !== message.id);
      if (streak > 0) doubtful = [...others, message].slice(-mostDoubtful);
      return true;
    },
    takeDoubtful: (): readonly LeasedMessage[] => {
      const taken = doubtful;
      doubtful = [];
      return taken;
    },
    clear: (): void => {
      streak = 0;
      recipients = [];
      doubtful = [];
    },
  };
}

/** Those of the refusals that speak of the provider; after a long pause a new row begins. */
function createTellingRefusals() {
  let count = 0;
  let recipients: readonly string[] = [];
  let last = new Date(0);
  const clear = (): void => {
    count = 0;
    recipients = [];
  };
  return {
    count: () => count,
    clear,
    add: (now: Date, recipient: string | undefined): void => {
      if (now > secondsAfter(last, rowSeconds)) clear();
      last = now;
      if (recipient !== undefined) {
        if (recipients.includes(recipient)) return;
        recipients = [...recipients, recipient].slice(-mostDoubtful);
      }
      count += 1;
    },
  };
}

/** When what waits for the provider is made due. */
function createReleases() {
  let isDue = false;
  let releasedAt = new Date(0);
  let pause = firstReleasePause;
  return {
    request: (): void => {
      isDue = true;
    },
    take: (now: Date): boolean => {
      const passed = (now.getTime() - releasedAt.getTime()) / 1000;
      // Negative where the clock was set back.
      if (!isDue || (passed >= 0 && passed < pause)) return false;
      isDue = false;
      pause = releasePause({ before: pause, since: passed });
      releasedAt = now;
      return true;
    },
  };
}
