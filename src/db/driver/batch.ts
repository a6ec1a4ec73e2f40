import { poolExhausted } from './failures.ts';

/** Runs a batch; returns one result for each item, in the same order. */
type Ask<Wanted, Found> = (batch: readonly Wanted[]) => Promise<readonly Found[]>;

type Waiting<Wanted, Found> = {
  readonly wanted: Wanted;
  readonly since: number;
  resolve(found: Found): void;
  reject(error: unknown): void;
};

/** Most items in one statement. */
const mostAtOnce = 100;
/** Milliseconds after which a statement in flight no longer holds up others. */
const patience = 50;
/** Most statements in flight; when all of them hang, the rest of the pool stays free for others. */
const mostInFlight = 4;
/**
 * Most items that wait, and the milliseconds that each waits; beyond either it fails as if the pool
 * were full (AV-3).
 */
const mostWaiting = 5000;
const longestWait = 2000;

/**
 * Batches the requests that arrive while a statement is in flight into the next statement, so each
 * is asked of the database after it arrived and many requests share a statement. When `ask`
 * rejects, the whole batch rejects. `ask` must not wait for anything that one item can block, such
 * as a lock.
 */
export function batched<Wanted, Found>(
  ask: Ask<Wanted, Found>,
): (wanted: Wanted) => Promise<Found> {
  const waiting: Waiting<Wanted, Found>[] = [];
  const inFlight = new Set<{ readonly since: number }>();
  /** Whether the last batch had several items; if so, items of the same tick are batched. */
  let isBusy = false;
  let isDue = false;
  let isTimed = false;

  const send = async (): Promise<void> => {
    const batch = waiting.splice(0, mostAtOnce);
    const statement = { since: performance.now() };
    inFlight.add(statement);
    isBusy = batch.length > 1;
    try {
      const found = await ask(batch.map(({ wanted }) => wanted));
      if (found.length !== batch.length) throw new Error('A batch answered for more or for fewer.');
      for (const [index, one] of found.entries()) batch[index]?.resolve(one);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      inFlight.delete(statement);
      proceed();
    }
  };

  /** Sends what is not held up, refuses what has waited too long, and schedules the next check. */
  const proceed = (): void => {
    const now = performance.now();
    while (waiting[0] && now - waiting[0].since >= longestWait) {
      waiting.shift()?.reject(poolExhausted());
    }
    const isHeldUp = [...inFlight].some(({ since }) => now - since < patience);
    if (waiting.length > 0 && !isHeldUp && inFlight.size < mostInFlight) void send();
    if (waiting.length === 0 || isTimed) return;
    isTimed = true;
    setTimeout(() => {
      isTimed = false;
      proceed();
    }, patience + 10);
  };

  return (wanted) =>
    new Promise((resolve, reject) => {
      if (waiting.length >= mostWaiting) return reject(poolExhausted());
      waiting.push({ wanted, since: performance.now(), resolve, reject });
      if (!isBusy) return proceed();
      if (isDue) return;
      isDue = true;
      setImmediate(() => {
        isDue = false;
        proceed();
      });
    });
}
