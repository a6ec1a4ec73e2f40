import { type Clock, secondsAfter } from '../clock.ts';

export type TestClock = Clock & {
  advance(seconds: number): void;
  set(date: Date): void;
};

/**
 * A clock that stands still until it is moved. It starts at the present, since databases and tokens
 * have their own.
 */
export function createTestClock(start: Date = new Date()): TestClock {
  let now = start;
  return {
    now: () => new Date(now),
    advance: (seconds) => {
      now = secondsAfter(now, seconds);
    },
    set: (date) => {
      now = new Date(date);
    },
  };
}
