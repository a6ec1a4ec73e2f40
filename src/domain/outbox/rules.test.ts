import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deadlineMs, leaseSeconds, retryDelay } from './rules.ts';

describe('when a mail is retried', () => {
  it('EM-5 waits 30 seconds at least and 15 minutes at most, whatever was asked', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1_000_000 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (attempts, fraction) => {
          const delay = retryDelay({ attempts, fraction });
          expect(delay).toBeGreaterThanOrEqual(30);
          expect(delay).toBeLessThanOrEqual(15 * 60);
        },
      ),
    );
    expect(retryDelay({ attempts: 1, fraction: 0, retryAfter: 1e9 })).toBeLessThanOrEqual(15 * 60);
  });

  it('doubles the delay, spreads retries, and respects the provider’s wish', () => {
    expect([1, 2, 3, 4, 5].map((attempts) => retryDelay({ attempts, fraction: 0 }))).toEqual([
      30, 60, 120, 240, 480,
    ]);
    expect(retryDelay({ attempts: 1, fraction: 0.99 })).toBeGreaterThan(36);
    expect(retryDelay({ attempts: 5, fraction: 0, retryAfter: 2 })).toBe(2);
  });

  it('EM-5 a delivery must end before another worker may take its row', () => {
    expect(deadlineMs).toBeLessThan(leaseSeconds * 1000);
  });
});
