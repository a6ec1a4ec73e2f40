import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { createSemaphore } from '../../semaphore.ts';
import {
  estimateStrength,
  loadStrengthEstimator,
  type StrengthVerdict,
} from './estimate-strength.ts';
import { noRoom } from './hash-gate.ts';

export type StrengthQuestion = { readonly password: string; readonly context: readonly string[] };

export type StrengthJudge = {
  /**
   * Rejects with OVERLOADED where too many wait, and with the thread's fault where it has fallen;
   * the next question starts another.
   */
  judge(question: StrengthQuestion): Promise<StrengthVerdict>;
};

/** Passwords that wait: with 50 ms for one, a few seconds of work. */
const queue = 48;
/**
 * Milliseconds that one waits, which includes the loading of the word lists where nobody has asked
 * for a while.
 */
const patience = 8000;
/**
 * Megabytes. The word lists take 60 and last for ever, so that room for short-lived things would
 * only be garbage that is kept.
 */
const limits = { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 256 };

/**
 * Milliseconds without a question after which the thread ends and gives a hundred megabytes back.
 */
const idle = 10 * 60_000;

/**
 * Only a build has the thread's file as JavaScript; from the sources the estimator runs where it is
 * asked.
 */
const threadFile = new URL('./strength-thread.js', import.meta.url);
const ours = existsSync(threadFile) ? createStrengthJudge(threadFile) : null;

/** How guessable a password is, told the words that an attacker would try first for this person. */
export function judgeStrength(question: StrengthQuestion): Promise<StrengthVerdict> {
  return ours ? ours.judge(question) : estimateStrength(question.password, question.context);
}

/**
 * Loads the word lists where they are asked in this thread, so that no request is held up by that.
 */
export async function prepareStrength(): Promise<void> {
  if (!ours) await loadStrengthEstimator();
}

/**
 * Asks a thread of its own, one question at a time: zxcvbn takes tens of milliseconds for a
 * password and up to a second for one that is made for it, which would hold up every other request
 * (AV-1).
 */
export function createStrengthJudge(file: URL): StrengthJudge {
  const gate = createSemaphore({ width: 1, queue, patience, refusal: noRoom });
  let thread: Worker | null = null;
  let rest: NodeJS.Timeout | undefined;

  const running = (): Worker => {
    if (thread) return thread;
    // SECURITY: it needs none of our environment, and our environment holds secrets.
    const begun = new Worker(file, { env: {}, execArgv: [], resourceLimits: limits });
    // Who asks is told by `ask`; without a listener of its own a fault would end the process.
    begun.on('error', () => {});
    begun.once('exit', () => {
      if (thread === begun) thread = null;
    });
    begun.unref();
    thread = begun;
    return begun;
  };

  return {
    judge: (question) =>
      gate.run(async () => {
        clearTimeout(rest);
        const asked = running();
        try {
          return await ask(asked, question);
        } finally {
          rest = setTimeout(() => {
            // Nobody asks it any more, whenever it has ended.
            if (thread === asked) thread = null;
            void asked.terminate();
          }, idle).unref();
        }
      }),
  };
}

/** The process stays alive for an answer, and not for a thread that waits. */
async function ask(thread: Worker, question: StrengthQuestion): Promise<StrengthVerdict> {
  const ended = new AbortController();
  const end = (): void => ended.abort(new Error('The thread that judges passwords has ended.'));
  thread.once('exit', end);
  thread.ref();
  try {
    thread.postMessage(question);
    const [verdict]: StrengthVerdict[] = await once(thread, 'message', { signal: ended.signal });
    if (verdict === undefined)
      throw new Error('The thread that judges passwords has said nothing.');
    return verdict;
  } finally {
    thread.off('exit', end);
    thread.unref();
  }
}
