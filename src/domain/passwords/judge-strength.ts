import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { createSemaphore, type Place } from '../../semaphore.ts';
import {
  estimateStrength,
  loadStrengthEstimator,
  type StrengthVerdict,
} from './estimate-strength.ts';
import { noRoom } from './hash-semaphore.ts';

export type StrengthQuestion = { readonly password: string; readonly context: readonly string[] };

export type StrengthJudge = {
  /**
   * Rejects with OVERLOADED where the queue is full, and with the thread's error where it has
   * crashed; the next question starts another thread.
   */
  judge(question: StrengthQuestion, place?: Place): Promise<StrengthVerdict>;
};

/** The length of the queue: at 50 ms per password, a few seconds of work. */
const queue = 48;
/**
 * The maximum wait in milliseconds, including the loading of the word lists after an idle period.
 */
const patience = 3500;
/**
 * In megabytes. The word lists take 60 and stay for good, so that more room for short-lived objects
 * would only keep garbage.
 */
const limits = { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 256 };

/** Milliseconds without a question after which the thread ends and frees a hundred megabytes. */
const idle = 10 * 60_000;

/**
 * Only a build has the thread's file as JavaScript; when run from the sources, the estimator runs
 * in the calling thread.
 */
const threadFile = new URL('./strength-thread.js', import.meta.url);
const ours = existsSync(threadFile) ? createStrengthJudge(threadFile) : null;

/** How guessable a password is, given the words that an attacker would try first for this user. */
export function judgeStrength(question: StrengthQuestion, place?: Place): Promise<StrengthVerdict> {
  return ours ? ours.judge(question, place) : estimateStrength(question.password, question.context);
}

/**
 * Loads the word lists where the estimator runs in this thread, so that no request waits for them.
 */
export async function prepareStrength(): Promise<void> {
  if (!ours) await loadStrengthEstimator();
}

/**
 * Asks a dedicated thread, one question at a time: zxcvbn takes tens of milliseconds for a password
 * and up to a second for a crafted one, which would block every other request (AV-1).
 */
export function createStrengthJudge(file: URL): StrengthJudge {
  const reserved = queue / 4;
  const semaphore = createSemaphore({ width: 1, queue, reserved, patience, refusal: noRoom });
  let thread: Worker | null = null;
  let rest: NodeJS.Timeout | undefined;

  const running = (): Worker => {
    if (thread) return thread;
    // SECURITY: the thread needs none of our environment, which holds secrets.
    const begun = new Worker(file, { env: {}, execArgv: [], resourceLimits: limits });
    // `ask` reports errors to the caller; without a listener here an error would end the process.
    begun.on('error', () => {});
    begun.once('exit', () => {
      if (thread === begun) thread = null;
    });
    begun.unref();
    thread = begun;
    return begun;
  };

  return {
    judge: (question, place) =>
      semaphore.run(async () => {
        clearTimeout(rest);
        const asked = running();
        try {
          return await ask(asked, question);
        } finally {
          rest = setTimeout(() => {
            // Dropped before it has ended, so that no later question is sent to it.
            if (thread === asked) thread = null;
            void asked.terminate();
          }, idle).unref();
        }
      }, place),
  };
}

/** The process stays alive for a pending answer, but not for an idle thread. */
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
