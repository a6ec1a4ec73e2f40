import { describe, expect, it } from 'vitest';
import { secondsAfter } from '../../clock.ts';
import type { SessionRow } from '../../db/tables/sessions.ts';
import { hasEnded, isGood, judgeToken, lifetimeFrom } from './rules.ts';

const now = new Date('2026-03-01T12:00:00Z');
const day = 24 * 3600;
const hashes = {
  old: Buffer.alloc(32, 1),
  previous: Buffer.alloc(32, 2),
  current: Buffer.alloc(32, 3),
};

function sessionThat(change: Partial<SessionRow> = {}): SessionRow {
  return {
    id: '0192f0c0-0000-7000-8000-000000000001',
    userId: '0192f0c0-0000-7000-8000-000000000002',
    refreshHash: hashes.current,
    previousRefreshHash: hashes.previous,
    refreshGeneration: 2,
    unseenGeneration: null,
    rotatedAt: secondsAfter(now, -5),
    refreshWindowEndsAt: null,
    refreshWindowCount: 0,
    createdAt: secondsAfter(now, -day),
    lastUsedAt: secondsAfter(now, -5),
    idleExpiresAt: secondsAfter(now, 14 * day),
    absoluteExpiresAt: secondsAfter(now, 29 * day),
    authenticatedAt: secondsAfter(now, -day),
    methods: ['pwd'],
    provedMethods: ['PASSWORD'],
    identityProvider: null,
    network: null,
    device: null,
    revokedAt: null,
    revokedReason: null,
    ...change,
  };
}

describe('how a refresh token relates to its session', () => {
  const judge = (
    token: { hash: Uint8Array; generation: number },
    change: Partial<SessionRow> = {},
    graceSeconds = 20,
  ): string => judgeToken(sessionThat(change), { token, now, graceSeconds });
  const previous = { hash: hashes.previous, generation: 1 };
  const rotated = (seconds: number): Partial<SessionRow> => ({
    rotatedAt: secondsAfter(now, -seconds),
  });

  const cases: [string, string, string][] = [
    ['an older one', judge({ hash: hashes.old, generation: 0 }), 'spent'],
    ['the previous one at the end of the grace window', judge(previous, rotated(20)), 'spent'],
    ['the previous one just before that', judge(previous, rotated(19.999)), 'retry'],
    [
      'X-17 the previous one past the window, while nothing of the current generation was shown',
      judge(previous, { ...rotated(14 * day - 1), unseenGeneration: 2 }),
      'lost',
    ],
    [
      'X-17 the previous one past the window, where another generation was awaited',
      judge(previous, { ...rotated(20), unseenGeneration: 1 }),
      'spent',
    ],
    [
      'X-17 an older one, whatever is awaited',
      judge({ hash: hashes.old, generation: 0 }, { unseenGeneration: 2 }),
      'spent',
    ],
    [
      'X-17 the previous one of a session that was idle too long',
      judge(previous, { unseenGeneration: 2, idleExpiresAt: now }),
      'ended',
    ],
    ['the previous one with no grace at all', judge(previous, rotated(0), 0), 'spent'],
    [
      'one of the previous generation that never was its token',
      judge({ hash: hashes.old, generation: 1 }),
      'spent',
    ],
    [
      'one that is newer than the row: the store has lost commits',
      judge({ hash: hashes.old, generation: 3 }),
      'ahead',
    ],
    ['the current one', judge({ hash: hashes.current, generation: 2 }), 'current'],
    [
      'any of a revoked session',
      judge({ hash: hashes.current, generation: 2 }, { revokedAt: secondsAfter(now, -1) }),
      'ended',
    ],
    [
      'an older one of an ended session',
      judge({ hash: hashes.old, generation: 0 }, { idleExpiresAt: now }),
      'ended',
    ],
  ];
  for (const [what, verdict, expected] of cases) {
    it(`SE-2, SE-3 ${what}: ${expected}`, () => expect(verdict).toBe(expected));
  }

  it('can be refreshed if it is current, or previous within the grace window', () => {
    expect(
      ['current', 'retry', 'lost', 'spent', 'ahead', 'ended'].filter((verdict) =>
        isGood(verdict as never),
      ),
    ).toEqual(['current', 'retry']);
  });
});

describe('how long a session lives', () => {
  it('SE-5 ends at its idle limit and SE-4 at its absolute one, to the millisecond', () => {
    expect(hasEnded(sessionThat({ idleExpiresAt: now }), now)).toBe(true);
    expect(hasEnded(sessionThat({ absoluteExpiresAt: now }), now)).toBe(true);
    const soon = secondsAfter(now, 0.001);
    expect(hasEnded(sessionThat({ idleExpiresAt: soon, absoluteExpiresAt: soon }), now)).toBe(
      false,
    );
  });

  it('SE-4 never idles past its absolute end', () => {
    const config = { sessionIdleTtl: 14 * day, sessionAbsoluteTtl: day };
    expect(lifetimeFrom(now, config)).toEqual({
      idleExpiresAt: secondsAfter(now, day),
      absoluteExpiresAt: secondsAfter(now, day),
    });
  });
});
