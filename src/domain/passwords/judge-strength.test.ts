import { BroadcastChannel } from 'node:worker_threads';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createStrengthJudge, judgeStrength, type StrengthJudge } from './judge-strength.ts';

/** A judge whose thread runs this text; vitest's own threads cannot load TypeScript. */
function judgeBy(thread: string): StrengthJudge {
  const text = `import { parentPort } from 'node:worker_threads';\n${thread}`;
  return createStrengthJudge(new URL(`data:text/javascript,${encodeURIComponent(text)}`));
}

const question = { password: 'otter lantern gravel sunday', context: ['ada@example.com'] };

describe('the thread that estimates passwords', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('AV-1 answers each question with its own verdict, and keeps the event loop free', async () => {
    const name = `strength-${process.pid}`;
    // While it works, the thread waits for what this event loop has to send: a judge that blocked
    // the loop would never finish.
    const judge = judgeBy(`
      import { BroadcastChannel, receiveMessageOnPort } from 'node:worker_threads';
      const channel = new BroadcastChannel('${name}');
      parentPort.on('message', ({ password }) => {
        channel.postMessage('judging');
        while (!receiveMessageOnPort(channel));
        parentPort.postMessage(password === 'weak' ? 'weak' : 'strong');
      });`);
    const channel = new BroadcastChannel(name);
    let turns = 0;
    channel.onmessage = () => {
      turns += 1;
      channel.postMessage('go on');
    };
    const asked = ['weak', 'good', 'weak', 'good', 'good'];
    const verdicts = await Promise.all(
      asked.map((password) => judge.judge({ password, context: [] })),
    );
    channel.close();
    expect(verdicts).toEqual(['weak', 'strong', 'weak', 'strong', 'strong']);
    expect(turns).toBe(asked.length);
  });

  it('AV-1 refuses with OVERLOADED a question that would wait too long', async () => {
    const judge = judgeBy(
      `parentPort.on('message', () => setTimeout(() => parentPort.postMessage('strong'), 1));`,
    );
    const outcomes = await Promise.allSettled(
      Array.from({ length: 60 }, () => judge.judge(question)),
    );
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(refused).toHaveLength(60 - 49);
    expect(refused[0]?.reason).toMatchObject({ code: 'OVERLOADED' });
  });

  it('X-2 leaves room for others where one network floods it', async () => {
    const judge = judgeBy(
      `parentPort.on('message', () => setTimeout(() => parentPort.postMessage('strong'), 1));`,
    );
    const flood = { networks: [{ name: 'a' }], isKnown: false };
    const asked = Promise.allSettled(
      Array.from({ length: 60 }, () => judge.judge(question, flood)),
    );
    const other = { networks: [{ name: 'b' }], isKnown: false };
    expect(await judge.judge(question, other)).toBe('strong');
    const refused = (await asked).filter((outcome) => outcome.status === 'rejected');
    expect(refused).toHaveLength(60 - 17);
  });

  it('reports a crashed thread, and starts another for the next question', async () => {
    const judge = judgeBy(`
      parentPort.on('message', ({ password }) => {
        if (password === 'throw') throw new Error('It fell.');
        if (password === 'end') process.exit(0);
        parentPort.postMessage('strong');
      });`);
    await expect(judge.judge({ password: 'throw', context: [] })).rejects.toThrow('It fell.');
    await expect(judge.judge({ password: 'end', context: [] })).rejects.toThrow();
    expect(await judge.judge(question)).toBe('strong');
  });

  it('ends after ten idle minutes, and starts again', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const judge = judgeBy(
      `let asked = 0;
       parentPort.on('message', () => {
         asked += 1;
         parentPort.postMessage(asked === 1 ? 'weak' : 'strong');
       });`,
    );
    // The number of questions that this thread was asked shows which thread it is.
    expect(await judge.judge(question)).toBe('weak');
    vi.advanceTimersByTime(10 * 60_000 - 1);
    expect(await judge.judge(question)).toBe('strong');
    vi.advanceTimersByTime(10 * 60_000);
    expect(await judge.judge(question)).toBe('weak');
  });

  it('reports a thread that cannot start', async () => {
    const judge = judgeBy(`throw new Error('No word lists.');`);
    await expect(judge.judge(question)).rejects.toThrow('No word lists.');
  });

  it('has no access to the environment', async () => {
    const judge = judgeBy(
      `parentPort.on('message', () => parentPort.postMessage(Object.keys(process.env).join()));`,
    );
    expect(await judge.judge(question)).toBe('');
  });
});

it('estimates in the calling thread where the server runs from its sources', async () => {
  expect(await judgeStrength({ password: 'passwordpassword', context: [] })).toBe('common');
  expect(await judgeStrength(question)).toBe('strong');
});
