/** Milliseconds before the first further try; twice as long each time. */
const firstWait = 1000;
const longestWait = 60_000;

export type Retry = {
  /** Tries again later, and not before `least` milliseconds have passed. */
  later(least?: number): void;
  stop(): void;
};

/** From 0 to just below 1; a half where there is no source, as on React Native. */
export function randomShare(): number {
  const { crypto: source } = globalThis as Partial<typeof globalThis>;
  return (source?.getRandomValues(new Uint8Array(1))[0] ?? 128) / 256;
}

/** Calls `work` again after a while that grows each time; a failure of `work` is its own affair. */
export function createRetry(work: () => unknown): Retry {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let wait = firstWait;
  return {
    later: (least = 0) => {
      clearTimeout(timer);
      // Jitter: clients that an outage has stopped together must not come back together.
      timer = setTimeout(work, Math.max(least, wait * (0.5 + randomShare() / 2)));
      // Keeps no Node process alive.
      Object(timer).unref?.();
      wait = Math.min(wait * 2, longestWait);
    },
    stop: () => {
      clearTimeout(timer);
      wait = firstWait;
    },
  };
}
