/** Milliseconds between two ticks. */
const period = 250;
/** Ticks that are remembered: ten seconds, the longest that an operation may take. */
const ticks = 40;

/** Measures for how long this process could do nothing else: its event loop was held. */
export class EventLoop {
  readonly #now: () => number;
  #held: number[] = [];
  #last: number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#last = now();
  }

  start(): void {
    setInterval(() => this.tick(), period).unref();
  }

  tick(): void {
    this.#held = [...this.#held.slice(1 - ticks), this.#late()];
    this.#last = this.#now();
  }

  /** The longest time of the last ten seconds, in milliseconds; this moment's too. */
  longestHold(): number {
    return Math.max(0, ...this.#held, this.#late());
  }

  #late(): number {
    return this.#now() - this.#last - period;
  }
}

let ofThisProcess: EventLoop | undefined;

/** The one of this process, measured from the first call on. */
export function eventLoop(): EventLoop {
  if (ofThisProcess === undefined) {
    ofThisProcess = new EventLoop();
    ofThisProcess.start();
  }
  return ofThisProcess;
}
