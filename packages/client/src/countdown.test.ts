import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { countdown } from './index.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** What is said while so many seconds pass. */
function said(until: string | number | null, seconds: number): number[] {
  const heard: number[] = [];
  const stop = countdown(until, (left) => heard.push(left));
  vi.advanceTimersByTime(seconds * 1000);
  stop();
  return heard;
}
const inSeconds = (seconds: number): string => new Date(Date.now() + seconds * 1000).toISOString();

describe('countdown', () => {
  it.each([[null], [0], [-5], ['no date']])('says 0 at once for %s', (until) => {
    expect(said(until, 10)).toEqual([0]);
  });

  it('says 0 at once where the moment has passed by this clock', () => {
    expect(said(inSeconds(-100), 10)).toEqual([0]);
  });

  it('waits no longer than the cooldown where this clock is an hour behind', () => {
    const heard = said(inSeconds(3600), 40);
    expect(heard[0]).toBe(30);
    expect(heard.at(-1)).toBe(0);
  });

  it('says each second of a moment and of a duration, and 0 last', () => {
    expect(said(inSeconds(2.5), 10)).toEqual([3, 2, 1, 0]);
    expect(said(45, 60)).toEqual(Array.from({ length: 46 }, (_, index) => 45 - index));
  });

  it('goes by the clock where timers come late, as in a tab that sleeps', () => {
    const heard: number[] = [];
    countdown(20, (left) => heard.push(left));
    vi.setSystemTime(Date.now() + 15_000);
    vi.advanceTimersByTime(1000);
    expect(heard).toEqual([20, 4]);
  });

  it('says nothing after it was ended', () => {
    const heard: number[] = [];
    const stop = countdown(5, (left) => heard.push(left));
    stop();
    vi.advanceTimersByTime(10_000);
    expect(heard).toEqual([5]);
  });
});
