import { poolExhausted } from './pool.ts';

/** What a gathered statement answers with: for each that was asked for, in the same order. */
type Ask<Wanted, Found> = (batch: readonly Wanted[]) => Promise<readonly Found[]>;

type Waiting<Wanted, Found> = {
  readonly wanted: Wanted;
  readonly since: number;
  resolve(found: Found): void;
  reject(error: unknown): void;
};

/** Things that one statement asks for. */
const mostAtOnce = 100;
/** Milliseconds after which a statement that is under way holds up nobody else. */
const patience = 50;
/**
 * Statements under way at the most; where those of both queues hang, two of a pool of ten
 * connections are left to others.
 */
const mostUnderWay = 4;
/**
 * Those that wait for a statement of theirs, and the milliseconds that each waits: then it is as if
 * no connection came free (AV-3).
 */
const mostWaiting = 5000;
const longestWait = 2000;

/**
 * One queue of a kind for the whole process. What is asked for while a statement is under way waits
 * for it and goes out together, in the next one: the database is asked for everything after it has
 * come, and many requests share the way there. Rejects for all of a statement as `ask` does, and as
 * the pool where it took too long to get to one. `ask` must not wait for what one of them may hold
 * up, such as a lock.
 */
export function gather<Wanted, Found>(ask: Ask<Wanted, Found>): (wanted: Wanted) => Promise<Found> {
  let waiting: Waiting<Wanted, Found>[] = [];
  /** When each of the statements began that are under way. */
  const underWay = new Set<{ readonly since: number }>();
  /**
   * Whether the last statement was for several: then those that come with this one are waited for,
   * to the end of the tick.
   */
  let isBusy = false;
  let isDue = false;
  let isLooking = false;

  const send = async (batch: readonly Waiting<Wanted, Found>[]): Promise<void> => {
    const statement = { since: performance.now() };
    underWay.add(statement);
    isBusy = batch.length > 1;
    try {
      const found = await ask(batch.map(({ wanted }) => wanted));
      if (found.length !== batch.length)
        throw new Error('A gathered statement answered for more or for fewer.');
      found.forEach((one, index) => {
        batch[index]?.resolve(one);
      });
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      underWay.delete(statement);
      if (waiting.length > 0 && !isDue) void send(takeBatch());
    }
  };

  const takeBatch = (): Waiting<Wanted, Found>[] => {
    const batch = waiting.slice(0, mostAtOnce);
    waiting = waiting.slice(mostAtOnce);
    if (waiting.length > 0) look();
    return batch;
  };

  /**
   * One statement that takes long must not keep those who came just after it, and nobody waits for
   * ever.
   */
  const look = (): void => {
    if (isLooking) return;
    isLooking = true;
    setTimeout(() => {
      isLooking = false;
      refuseLate();
      if (waiting.length === 0) return;
      if (!isDue && maySend()) void send(takeBatch());
      else look();
    }, patience + 10);
  };

  const refuseLate = (): void => {
    const latest = performance.now() - longestWait;
    const inTime = waiting.findIndex(({ since }) => since > latest);
    const late = waiting.splice(0, inTime < 0 ? waiting.length : inTime);
    for (const { reject } of late) reject(poolExhausted());
  };

  const maySend = (): boolean => {
    if (underWay.size === 0) return true;
    const latest = performance.now() - patience;
    return underWay.size < mostUnderWay && [...underWay].every(({ since }) => since < latest);
  };

  return (wanted) =>
    new Promise((resolve, reject) => {
      if (waiting.length >= mostWaiting) return reject(poolExhausted());
      waiting.push({ wanted, since: performance.now(), resolve, reject });
      if (isDue) return;
      if (!maySend()) return look();
      if (!isBusy) return void send(takeBatch());
      isDue = true;
      setImmediate(() => {
        isDue = false;
        if (waiting.length > 0) void send(takeBatch());
      });
    });
}
