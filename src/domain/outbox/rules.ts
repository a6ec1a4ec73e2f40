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
  const base = input.retryAfter ?? firstDelay * 2 ** Math.min(input.attempts - 1, 10);
  return Math.min(base, longestDelay / (1 + spread)) * (1 + spread * input.fraction);
}
