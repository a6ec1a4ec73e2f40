import { AuthError } from '../../errors.ts';

export type HashGate = {
  /** Runs the work when a place is free; rejects at once with OVERLOADED when the queue is full. */
  run<T>(work: () => Promise<T>): Promise<T>;
  /** How many run and wait, for metrics. */
  load(): { running: number; waiting: number };
};

/**
 * A narrow door before bcrypt (AV-1): hashing, WebCrypto, DNS and files share libuv's four threads, so an unbounded burst of
 * sign-ins would stall token checks. `width` at once, `queue` waiting, the rest refused.
 */
export function createHashGate(options: { width: number; queue: number }): HashGate {
  const waiting: (() => void)[] = [];
  let running = 0;
  return {
    run: async (work) => {
      if (running >= options.width) {
        if (waiting.length >= options.queue) throw new AuthError('OVERLOADED', { retryAfter: 1 });
        // The place is handed over by the one that leaves: `running` stays as it is.
        await new Promise<void>((resolve) => waiting.push(resolve));
      } else {
        running += 1;
      }
      try {
        return await work();
      } finally {
        const next = waiting.shift();
        if (next) next();
        else running -= 1;
      }
    },
    load: () => ({ running, waiting: waiting.length }),
  };
}
