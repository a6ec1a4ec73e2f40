import { describe, expect, it } from 'vitest';
import { secondsAfter } from '../../clock.ts';
import {
  earliestPending,
  isDue,
  jwksMaxAge,
  keptAfterEnd,
  longestTokenLifetime,
  newestOf,
  overlap,
  publishAhead,
  reloadEvery,
  signingAt,
  stateOf,
  verifies,
} from './rules.ts';

const now = new Date('2026-03-01T12:00:00Z');
const at = (seconds: number) => secondsAfter(now, seconds);
const key = (
  kid: string,
  activeFrom: number,
  expiresAt: number | null = null,
  removedAt: number | null = null,
) => ({
  kid,
  createdAt: at(activeFrom - publishAhead),
  activeFrom: at(activeFrom),
  expiresAt: expiresAt === null ? null : at(expiresAt),
  removedAt: removedAt === null ? null : at(removedAt),
});

describe('which key signs', () => {
  const removed = key('removed', -10, null, -5);
  const expired = key('expired', -9000, 0);
  const old = key('old', -5000, 60);
  const active = key('active', 0, 4000);
  const next = key('next', 300);
  const afterNext = key('after-next', 900);

  it('JW-10 none that was removed, has expired or does not sign yet', () => {
    expect(signingAt([removed, expired, next], now)).toBeUndefined();
    expect([removed, expired].map((each) => verifies(each, now))).toEqual([false, false]);
  });

  it('JW-10 the one activated last, from the very moment of its activation', () => {
    const all = [afterNext, next, active, old, removed, expired];
    expect(signingAt(all, now)).toBe(active);
    expect(signingAt(all, at(299.999))).toBe(active);
    expect(signingAt(all, at(300))).toBe(next);
    expect(newestOf(all, now)).toBe(afterNext);
    expect(earliestPending(all, now)).toBe(next);
    expect(earliestPending([active, removed], now)).toBeUndefined();
  });

  it('is described by one word', () => {
    const all = [next, active, old, removed, expired];
    expect(all.map((each) => stateOf(all, each, now))).toEqual([
      'next',
      'active',
      'retired',
      'removed',
      'expired',
    ]);
  });

  it('JW-10 a new token expires before its key, even in caches of the key', () => {
    expect(overlap).toBeGreaterThanOrEqual(longestTokenLifetime + jwksMaxAge);
    expect(publishAhead).toBeGreaterThanOrEqual(jwksMaxAge + 60);
    expect(jwksMaxAge).toBeLessThan(overlap);
    // In an emergency: every process within a minute.
    expect(reloadEvery).toBeLessThan(60);
    expect(keptAfterEnd).toBeGreaterThan(0);
  });

  it('JW-10 is replaced on schedule where there is one', () => {
    const { createdAt } = key('k', publishAhead - 100);
    expect(isDue({ createdAt }, { now, everySeconds: 101 })).toBe(false);
    expect(isDue({ createdAt }, { now, everySeconds: 100 })).toBe(true);
    expect(isDue({ createdAt }, { now, everySeconds: null })).toBe(false);
  });
});
