/** A door that few pass at once. */
export type Gate = {
  /**
   * Runs the work when there is a place; rejects where the queue is full, or where none came free
   * in time.
   */
  run<T>(work: () => Promise<T>): Promise<T>;
  /** Whether the next one would be refused. */
  isFull(): boolean;
  /** How many run and wait, for metrics. */
  load(): { running: number; waiting: number };
};

export type GateOptions = {
  /** At once. */
  readonly width: number;
  /** Waiting. */
  readonly queue: number;
  /** Milliseconds that one waits at most. */
  readonly patience: number;
  /** What it rejects with. */
  readonly refusal: () => Error;
};

/** `width` at once, `queue` waiting in the order in which they came, the rest refused at once. */
export function createGate({ width, queue, patience, refusal }: GateOptions): Gate {
  /** Each takes over the place of the one that leaves. */
  const waiting = new Set<() => void>();
  let running = 0;

  const turn = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const enter = (): void => {
        clearTimeout(timer);
        waiting.delete(enter);
        resolve();
      };
      const timer = setTimeout(() => {
        waiting.delete(enter);
        reject(refusal());
      }, patience);
      waiting.add(enter);
    });

  const leave = (): void => {
    // The place is handed over: `running` stays as it is.
    const [next] = waiting;
    if (next) next();
    else running -= 1;
  };

  return {
    run: async (work) => {
      if (running < width) running += 1;
      else if (waiting.size >= queue) throw refusal();
      else await turn();
      try {
        return await work();
      } finally {
        leave();
      }
    },
    isFull: () => running >= width && waiting.size >= queue,
    load: () => ({ running, waiting: waiting.size }),
  };
}
