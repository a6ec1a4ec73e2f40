import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { databaseFailure } from './failures.ts';
import { gather } from './gather.ts';

// The time of this file passes when it says so: what is asked for in one go is so on a machine,
// too, that stands still for a while.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});
const sleep = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds);

/**
 * A statement that answers when the test says so; its batches in the order in which they were sent.
 */
function statements() {
  const sent: {
    batch: readonly number[];
    answer(found?: readonly number[]): void;
    fail(error: Error): void;
  }[] = [];
  const ask = (batch: readonly number[]): Promise<readonly number[]> =>
    new Promise((resolve, reject) => {
      sent.push({ batch, answer: (found = batch.map((n) => -n)) => resolve(found), fail: reject });
    });
  return { sent, ask };
}

/** Answers whatever is sent, now and later. */
async function answerAll(sent: ReturnType<typeof statements>['sent'], from = 0): Promise<void> {
  for (let n = from; n < sent.length; n += 1) {
    sent[n]?.answer();
    await sleep(1);
  }
}

const refusals = (settled: readonly PromiseSettledResult<unknown>[]) =>
  settled.filter(
    (one) => one.status === 'rejected' && databaseFailure(one.reason) === 'unavailable',
  ).length;

describe('what is gathered', () => {
  it('goes out at once, then together, a hundred at the most, and each gets its own', async () => {
    const { sent, ask } = statements();
    const get = gather(ask);
    const found = Promise.all(Array.from({ length: 251 }, (_, n) => get(n)));
    expect(sent.map(({ batch }) => batch.length)).toEqual([1]);
    await answerAll(sent);
    expect(sent.map(({ batch }) => batch.length)).toEqual([1, 100, 100, 50]);
    expect(await found).toEqual(Array.from({ length: 251 }, (_, n) => -n));
  });

  it('fails for those of a statement, and for nobody after it', async () => {
    const { sent, ask } = statements();
    const get = gather(ask);
    const first = get(1);
    const together = Promise.allSettled([get(2), get(3)]);
    sent[0]?.answer();
    await first;
    sent[1]?.fail(new Error('gone'));
    expect((await together).map((one) => one.status === 'rejected' && String(one.reason))).toEqual([
      'Error: gone',
      'Error: gone',
    ]);
    const after = get(4);
    // After several at once it waits for the end of the tick.
    await sleep(5);
    sent[2]?.answer();
    expect(await after).toBe(-4);
  });

  it('rejects what was answered with too few or too many', async () => {
    for (const answer of [[], [1, 2]]) {
      const { sent, ask } = statements();
      const asked = gather(ask)(1);
      sent[0]?.answer(answer);
      await expect(asked).rejects.toThrow('for more or for fewer');
    }
  });

  it('AV-3 goes past a statement that hangs: at once what comes later, soon what had come just after it', async () => {
    const { sent, ask } = statements();
    const get = gather(ask);
    const hangs = get(1);
    const waits = get(2);
    expect(sent).toHaveLength(1);
    await sleep(100);
    expect(sent).toHaveLength(2);
    sent[1]?.answer();
    expect(await waits).toBe(-2);
    for (let n = 3; n < 8; n += 1) {
      const later = get(n);
      expect(sent).toHaveLength(n);
      sent[n - 1]?.answer();
      expect(await later).toBe(-n);
    }
    // And what comes beside one that does not hang waits for that one, as ever.
    const [before, beside] = [get(8), get(9)];
    expect(sent.map(({ batch }) => batch).slice(7)).toEqual([[8]]);
    await answerAll(sent, 7);
    expect(await Promise.all([before, beside])).toEqual([-8, -9]);
    sent[0]?.answer();
    expect(await hangs).toBe(-1);
  });

  it('AV-3 has four statements that hang at the most, and goes on when one of them ends', async () => {
    const { sent, ask } = statements();
    const get = gather(ask);
    const hang: Promise<number>[] = [];
    for (let n = 1; n <= 4; n += 1) {
      hang.push(get(n));
      await sleep(100);
    }
    const waits = get(5);
    await sleep(150);
    expect(sent).toHaveLength(4);
    sent[2]?.answer();
    await hang[2];
    await sleep(1);
    expect(sent.map(({ batch }) => batch)).toEqual([[1], [2], [3], [4], [5]]);
    await answerAll(sent);
    expect(await waits).toBe(-5);
    await Promise.all(hang);
  });

  it('AV-3 refuses whoever waits for two seconds, however many they are, and more than 5,000 at once', async () => {
    const { sent, ask } = statements();
    const get = gather(ask);
    const first = get(0);
    const settled: number[] = [];
    const begun = performance.now();
    // The first answers, so that a hundred go out and hang, and those behind them wait with no more
    // than the timer to look after them.
    const rest = Array.from({ length: 5100 }, (_, n) =>
      get(n + 1).finally(() => {
        settled.push(performance.now() - begun);
      }),
    );
    const outcome = Promise.allSettled(rest);
    await sleep(1);
    expect(settled).toHaveLength(100);
    sent[0]?.answer();
    await first;
    await sleep(1900);
    expect(settled).toHaveLength(100);
    await sleep(300);
    // Four statements hang with a hundred each.
    expect(sent.map(({ batch }) => batch.length)).toEqual([1, 100, 100, 100, 100]);
    expect(settled).toHaveLength(5100 - 400);
    expect(settled.slice(100).every((milliseconds) => milliseconds >= 2000)).toBe(true);
    for (const { answer } of sent) answer();
    expect(refusals(await outcome)).toBe(5100 - 400);
    const after = get(1);
    await sleep(5);
    sent.at(-1)?.answer();
    expect(await after).toBe(-1);
  });
});
