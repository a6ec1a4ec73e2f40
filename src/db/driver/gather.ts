import { poolExhausted } from './failures.ts';

/** What a batch answers with: for each that was asked for, in the same order. */
type Ask<Wanted, Found> = (batch: readonly Wanted[]) => Promise<readonly Found[]>;

type Waiting<Wanted, Found> = {
  readonly wanted: Wanted;
  readonly since: number;
  resolve(found: Found): void;
  reject(error: unknown): void;
};

/** Things that one statement asks for. */
const mostAtOnce = 100;
/** Milliseconds after which a statement in flight holds up no one else. */
const patience = 50;
/** Statements in flight at the most; where all of them hang, others have the rest of the pool. */
const mostInFlight = 4;
/** How many wait, and milliseconds that each waits: then it is as if the pool were full (AV-3). */
const mostWaiting = 5000;
const longestWait = 2000;

/**
 * Batches what is asked for while a statement is in flight: it goes out in the next one, so that
 * the database is asked for everything after it has come, and many requests share a statement.
 * Rejects for all of a batch as `ask` does. `ask` must not wait for what one of them may hold up,
 * such as a lock.
 */
export function gather<Wanted, Found>(ask: Ask<Wanted, Found>): (wanted: Wanted) => Promise<Found> {
  const waiting: Waiting<Wanted, Found>[] = [];
  const inFlight = new Set<{ readonly since: number }>();
  /** Whether the last batch was for several: then those that come together go out together. */
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

  /** Sends what nothing holds up, refuses what has waited for too long, and looks again later. */
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
