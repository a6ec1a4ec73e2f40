/** On whose behalf a call runs. */
export type Place = {
  /** The networks of the caller; none of them gets more than its share of the places. */
  readonly networks: readonly { readonly name: string }[];
  /** May use the places that are reserved for known callers, too. */
  readonly isKnown: boolean;
};

/** A semaphore with a bounded queue: limits how many calls run concurrently. */
export type Semaphore = {
  /**
   * Runs the work once a permit is free; rejects if the queue is full, if the caller's network has
   * its share of it, or if no permit became free in time.
   */
  run<T>(work: () => Promise<T>, place?: Place): Promise<T>;
  /** Whether the next call would be refused. */
  isFull(place?: Place): boolean;
  /** The number of running and of waiting calls, for metrics. */
  load(): { running: number; waiting: number };
};

export type SemaphoreOptions = {
  /** Calls that run concurrently. */
  readonly width: number;
  /** Calls that may wait. */
  readonly queue: number;
  /** Further calls that may wait, of known callers alone. */
  readonly reserved?: number;
  /** The longest time that a call waits, in milliseconds. */
  readonly patience: number;
  /** The error for refused calls. */
  readonly refusal: () => Error;
};

/** The part of the places that one network may hold: with a third, no two can hold all. */
const share = 1 / 3;

/** Calls that wait, and how many each network has running or waiting. */
class Lane {
  readonly waiting = new Set<() => void>();
  readonly #held = new Map<string, number>();
  readonly #queue: number;
  readonly #most: number;

  constructor({ width, queue }: Pick<SemaphoreOptions, 'width' | 'queue'>) {
    this.#queue = queue;
    this.#most = Math.max(1, Math.ceil((width + queue) * share));
  }

  /** Whether a call of these networks has a place, where it would have to wait for a permit. */
  hasRoom({ networks, mustWait }: { networks: Place['networks']; mustWait: boolean }): boolean {
    if (mustWait && this.waiting.size >= this.#queue) return false;
    return networks.every(({ name }) => (this.#held.get(name) ?? 0) < this.#most);
  }

  enter(networks: Place['networks']): void {
    for (const { name } of networks) this.#held.set(name, (this.#held.get(name) ?? 0) + 1);
  }

  leave(networks: Place['networks']): void {
    for (const { name } of networks) {
      const left = (this.#held.get(name) ?? 1) - 1;
      if (left === 0) this.#held.delete(name);
      else this.#held.set(name, left);
    }
  }
}

/**
 * Waiting calls run in the order of their arrival (FIFO), those of known callers and the others in
 * turns; calls past the queue are refused.
 */
export function createSemaphore(options: SemaphoreOptions): Semaphore {
  const { width, queue, reserved = 0, patience, refusal } = options;
  const common = new Lane({ width, queue });
  const known = new Lane({ width, queue: reserved });
  let running = 0;
  let turn: Lane = known;

  const findLane = (place: Place | undefined): Lane | undefined => {
    const room = { networks: place?.networks ?? [], mustWait: running >= width };
    const lanes = place?.isKnown === true && reserved > 0 ? [known, common] : [common];
    return lanes.find((lane) => lane.hasRoom(room));
  };

  /** A waiting call takes over the permit of a call that ends. */
  const acquireLater = ({ waiting }: Lane): Promise<void> =>
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
    const lane = turn.waiting.size > 0 ? turn : turn === known ? common : known;
    turn = lane === known ? common : known;
    // The next call takes over the permit, so `running` does not change.
    const [next] = lane.waiting;
    if (next) next();
    else running -= 1;
  };

  return {
    run: async (work, place) => {
      const lane = findLane(place);
      if (!lane) throw refusal();
      const networks = place?.networks ?? [];
      lane.enter(networks);
      try {
        if (running < width) running += 1;
        else await acquireLater(lane);
        try {
          return await work();
        } finally {
          release();
        }
      } finally {
        lane.leave(networks);
      }
    },
    isFull: (place) => findLane(place) === undefined,
    load: () => ({ running, waiting: common.waiting.size + known.waiting.size }),
  };
}
