import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { batched } from './batch.ts';
import { databaseFailure } from './failures.ts';

// The clock is fake: a machine that stalls must not change what is batched.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});
const sleep = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds);

/**
 * A query that answers when the test says so; its batches are recorded in the order they were sent.
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

/** Answers every batch, now and later. */
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

describe('batch', () => {
  it('sends the first at once and batches the rest, at most a hundred', async () => {
    const { sent, ask } = statements();
    const get = batched(ask);
    const found = Promise.all(Array.from({ length: 251 }, (_, n) => get(n)));
    expect(sent.map(({ batch }) => batch.length)).toEqual([1]);
    await answerAll(sent);
    expect(sent.map(({ batch }) => batch.length)).toEqual([1, 100, 100, 50]);
    expect(await found).toEqual(Array.from({ length: 251 }, (_, n) => -n));
  });

  it('rejects the callers of a failed statement and none after them', async () => {
    const { sent, ask } = statements();
    const get = batched(ask);
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
    // After a batch of several it waits for the end of the tick.
    await sleep(5);
    sent[2]?.answer();
    expect(await after).toBe(-4);
  });

  it('rejects a batch that was answered with too few or too many rows', async () => {
    for (const answer of [[], [1, 2]]) {
      const { sent, ask } = statements();
      const asked = batched(ask)(1);
      sent[0]?.answer(answer);
      await expect(asked).rejects.toThrow('for more or for fewer');
    }
  });

  it('AV-3 bypasses a hanging statement, at once for later requests', async () => {
    const { sent, ask } = statements();
    const get = batched(ask);
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
    // Requests behind a statement that does not hang still wait for it.
    const [before, beside] = [get(8), get(9)];
    expect(sent.map(({ batch }) => batch).slice(7)).toEqual([[8]]);
    await answerAll(sent, 7);
    expect(await Promise.all([before, beside])).toEqual([-8, -9]);
    sent[0]?.answer();
    expect(await hangs).toBe(-1);
  });

  it('AV-3 has at most four hanging statements, and continues when one of them ends', async () => {
    const { sent, ask } = statements();
    const get = batched(ask);
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

  it('AV-3 refuses requests after two seconds of waiting, and beyond 5,000', async () => {
    const { sent, ask } = statements();
    const get = batched(ask);
    const first = get(0);
    const settled: number[] = [];
    const begun = performance.now();
    // The first one answers, so that a hundred go out and hang; those behind them wait and only the
    // timer checks on them.
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
