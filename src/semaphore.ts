/** A semaphore with a bounded queue: limits how many calls run concurrently. */
export type Semaphore = {
  /**
   * Runs the work once a permit is free; rejects if the queue is full, or if none became free in
   * time.
   */
  run<T>(work: () => Promise<T>): Promise<T>;
  /** Whether the next call would be refused. */
  isFull(): boolean;
  /** The number of running and of waiting calls, for metrics. */
  load(): { running: number; waiting: number };
};

export type SemaphoreOptions = {
  /** Calls that run concurrently. */
  readonly width: number;
  /** Calls that may wait. */
  readonly queue: number;
  /** The longest time that a call waits, in milliseconds. */
  readonly patience: number;
  /** The error for refused calls. */
  readonly refusal: () => Error;
};

/** Waiting calls run in the order of their arrival (FIFO); calls past the queue are refused. */
export function createSemaphore({ width, queue, patience, refusal }: SemaphoreOptions): Semaphore {
  /** A waiting call takes over the permit of a call that ends. */
  const waiting = new Set<() => void>();
  let running = 0;

  const acquireLater = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const acquire = (): void => {
        clearTimeout(timer);
        waiting.delete(acquire);
        resolve();
      };
      const timer = setTimeout(() => {
        waiting.delete(acquire);
        reject(refusal());
      }, patience);
      waiting.add(acquire);
    });

  const release = (): void => {
    // The next call takes over the permit, so `running` does not change.
    const [next] = waiting;
    if (next) next();
    else running -= 1;
  };

  return {
    run: async (work) => {
      if (running < width) running += 1;
      else if (waiting.size >= queue) throw refusal();
      else await acquireLater();
      try {
        return await work();
      } finally {
        release();
      }
    },
    isFull: () => running >= width && waiting.size >= queue,
    load: () => ({ running, waiting: waiting.size }),
  };
}
