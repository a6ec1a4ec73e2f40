/**
 * Seconds for which a worker leases a row. SECURITY: longer than deadlineMs, or two workers could
 * send one row at the same time.
 */
export const leaseSeconds = 60;

/** Milliseconds that one delivery may take, whatever the timeouts of its transport are. */
export const deadlineMs = 45_000;

const firstDelay = 30;
const longestDelay = 15 * 60;
const spread = 0.25;

/**
 * Seconds until the next attempt after `attempts` attempts: 30, 60, 120 … up to 15 minutes, each up
 * to a quarter longer, so that messages that failed at the same time are not retried at the same
 * time. `fraction` is random in [0, 1). The provider's own Retry-After takes precedence.
 */
export function retryDelay(input: {
  attempts: number;
  fraction: number;
  retryAfter?: number | undefined;
}): number {
  const base =
    secondsToWait(input.retryAfter) ?? firstDelay * 2 ** Math.min(input.attempts - 1, 10);
  return Math.min(base, longestDelay / (1 + spread)) * (1 + spread * input.fraction);
}

/**
 * Refusals in a row, of so many recipients where they are about these: from here on it is the
 * provider and not the addresses.
 */
export const refusedInARow = 5;

/**
 * Seconds after a probe was due for which failures are still news: longer than the longest pause
 * and the deadline of a delivery. A process that gets no further mail knows nothing any more.
 */
export const newsSeconds = 120;

/** Seconds between two failures after which they are no longer in a row. */
export const rowSeconds = 2 * 3600;

/** Seconds after which one more mail at a time is sent to a provider that asked for fewer. */
export const wideningSeconds = 60;

/** Seconds between two probes of a provider that fails: 1 at first, 5 after an hour, then 30. */
export function probePause({ since, now }: { since: Date; now: Date }): number {
  const outage = Math.max(0, now.getTime() - since.getTime()) / 1000;
  return Math.min(30, 1 + outage / 900);
}

/** Messages that are made due each second after an outage. */
export const releasedPerSecond = 10;

/**
 * Seconds between two releases of what waits for the provider: 10, then twice as long for each that
 * soon follows another, or a mail that always fails would be tried again with every one.
 */
export function releasePause({ before, since }: { before: number; since: number }): number {
  return since > 2 * before ? firstReleasePause : Math.min(2 * before, longestDelay);
}

export const firstReleasePause = 10;

/** The provider's Retry-After, as far as it is believed. */
export function secondsToWait(retryAfter: number | undefined): number | undefined {
  return retryAfter === undefined ? undefined : Math.min(retryAfter, longestDelay);
}
