/**
 * Seconds that a taken row is a worker's own. SECURITY: longer than deadlineMs, or two workers
 * could send one row at a time.
 */
export const leaseSeconds = 60;

/** Milliseconds that one message has, whatever the timeouts of its transport are. */
export const deadlineMs = 45_000;

const firstDelay = 30;
const longestDelay = 15 * 60;
const spread = 0.25;

/**
 * Seconds until the next try after `attempts` tries: 30, 60, 120 … up to 15 minutes, each up to a
 * quarter longer, so that messages which failed together do not come back together. `fraction` is
 * random in [0, 1). A provider's own wish goes first.
 */
export function retryDelay(input: {
  attempts: number;
  fraction: number;
  retryAfter?: number | undefined;
}): number {
  const base = input.retryAfter ?? firstDelay * 2 ** Math.min(input.attempts - 1, 10);
  return Math.min(base, longestDelay / (1 + spread)) * (1 + spread * input.fraction);
}
