import { type Clock, secondsAfter } from '../clock.ts';

export type TestClock = Clock & {
  advance(seconds: number): void;
  set(date: Date): void;
};

/**
 * A clock that stands still until a test advances it. It starts at the current time, since the
 * database and token libraries have clocks of their own.
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

/** A clock that runs, for tests in which a provider with a clock of its own takes part. */
export function createRunningClock(): TestClock {
  let aheadMs = 0;
  return {
    now: () => new Date(Date.now() + aheadMs),
    advance: (seconds) => {
      aheadMs += seconds * 1000;
    },
    set: (date) => {
      aheadMs = date.getTime() - Date.now();
    },
  };
}
