import { secondsAfter } from '../../clock.ts';
import type { LeasedMessage } from '../../db/queries/outbox.ts';
import type { FailedDelivery } from './delivery.ts';
import { probePause, refusedInARow, secondsToWait, wideningSeconds } from './rules.ts';

/** What the worker may take from the outbox now. */
export type Turn = {
  /** Messages at a time; 0 while the provider is left in peace. */
  readonly limit: number;
  /** Whether a message that waits for its next attempt may be taken as a probe. */
  readonly postponed: boolean;
};

/** What becomes of a message that the provider refused, and of those that it refused before. */
export type Judgement = {
  /** False: the refusal is not believed, because the provider refuses every mail. */
  readonly isBelieved: boolean;
  /** Given up earlier on the provider's word, to be tried again. */
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
   * Remembers that a message was given up on the provider's word; false where that word has become
   * doubtful meanwhile.
   */
  gaveUp(message: LeasedMessage): boolean;
  /** True once when an outage has ended: what waits for its next attempt may go now. */
  hasRecovered(now: Date): boolean;
  /** Mails in a row that were not accepted. */
  refusals(): number;
};

/** Seconds between two releases of what waits, so that a mail that always fails is not in all. */
const releaseInterval = 10;

export function createProviderHealth({ width }: { readonly width: number }): ProviderHealth {
  let streak = 0;
  let since = new Date(0);
  let isFailing = false;
  let failedAt = new Date(0);
  let probeAt = new Date(0);
  let ceiling = width;
  let widenAt = new Date(0);
  let givenUp: LeasedMessage[] = [];
  let isReleaseDue = false;
  let releasedAt = new Date(0);

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
      if (isFailing) return { limit: mayProbe(now) ? 1 : 0, postponed: true };
      // A refusal of an address costs the provider nothing: what is new is tried without a pause.
      if (streak >= refusedInARow) return { limit: 1, postponed: mayProbe(now) };
      return { limit: ceiling, postponed: false };
    },
    wait: (now) => {
      if ((!isFailing && streak < refusedInARow) || mayProbe(now)) return null;
      return probeAt.getTime() - now.getTime();
    },
    accepted: (now) => {
      if (isFailing || streak >= refusedInARow) isReleaseDue = true;
      widen(now);
      streak = 0;
      isFailing = false;
      givenUp = [];
    },
    failed: (now, { fault, throttled = false, retryAfter }) => {
      if (fault === 'ours') return { isBelieved: true, revived: [] };
      if (streak === 0) since = now;
      streak += 1;
      if (fault === 'provider') isFailing = true;
      failedAt = now;
      probeAt = secondsAfter(now, secondsToWait(retryAfter) ?? probePause({ since, now }));
      if (throttled) {
        ceiling = 1;
        widenAt = secondsAfter(now, wideningSeconds);
      }
      if (streak < refusedInARow) return { isBelieved: true, revived: [] };
      const revived = givenUp;
      givenUp = [];
      return { isBelieved: false, revived };
    },
    gaveUp: (message) => {
      if (streak >= refusedInARow) return false;
      if (streak > 0) givenUp.push(message);
      return true;
    },
    hasRecovered: (now) => {
      if (!isReleaseDue || now < secondsAfter(releasedAt, releaseInterval)) return false;
      isReleaseDue = false;
      releasedAt = now;
      return true;
    },
    refusals: () => streak,
  };
}
