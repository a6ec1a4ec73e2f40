import { describe, expect, it } from 'vitest';
import { type DayEnd, whatGrew } from './level-off.ts';

const day = (
  n: number,
  over: Partial<{ heapUsed: number; users: number; events: number }> = {},
): DayEnd => ({
  heapUsed: over.heapUsed ?? 1_000_000,
  rows: {
    users: over.users ?? Math.min(n, 8) * 100,
    audit_events: over.events ?? n * 500,
    audit_origins: n * 500,
  },
});
const days = (last: DayEnd): DayEnd[] => [
  ...Array.from({ length: 19 }, (_, index) => day(index + 1)),
  last,
];

describe('growth from anonymous requests, day by day', () => {
  it('AV-7 has levelled off if the last day equals the middle one, apart from audit events', () => {
    expect(whatGrew(days(day(20)))).toEqual([]);
    expect(whatGrew(days(day(20, { heapUsed: 1_050_000, users: 821, events: 10_000 })))).toEqual(
      [],
    );
  });

  it.each([
    ['heap', day(20, { heapUsed: 1_050_001 })],
    ['users', day(20, { users: 822 })],
    ['new rows of the trail', day(20, { events: 10_500 })],
  ])('AV-7 has not where there is more than a little more: %s', (what, last) => {
    expect(whatGrew(days(last))).toEqual([expect.stringMatching(new RegExp(`^${what}: `))]);
  });

  it('AV-7 has not if a table was empty on the middle day, or without measurements', () => {
    const last = day(20);
    expect(whatGrew(days({ ...last, rows: { ...last.rows, sessions: 6 } }))).toHaveLength(1);
    expect(whatGrew([])).toHaveLength(1);
  });
});
