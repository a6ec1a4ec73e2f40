import { AuthError } from '../../errors.ts';
import { createSemaphore, type Semaphore } from '../../semaphore.ts';

export type HashSemaphore = Semaphore & {
  /** Limits the database work before hashing; rejects as the semaphore does. */
  readonly approach: Semaphore['run'];
};

/**
 * In milliseconds; a request that has waited this long for a hash is told to retry, while there is
 * still time to answer.
 */
const patience = 3500;
/** Of a pool of ten connections the rest is left to users already signed in. */
const approaching = 4;
/**
 * A semaphore for bcrypt (AV-1): hashing, WebCrypto, DNS and files share libuv's threads, which an
 * unbounded burst of sign-ins would exhaust. `width` run at once, `queue` wait, the rest is refused
 * with OVERLOADED. A quarter more places are for known devices, so that a flood of strangers leaves
 * them room.
 */
export function createHashSemaphore(options: { width: number; queue: number }): HashSemaphore {
  const database = createSemaphore({
    width: approaching,
    queue: 1000,
    reserved: 250,
    patience,
    refusal: noRoom,
  });
  const reserved = Math.ceil(options.queue / 4);
  const hashes = createSemaphore({ ...options, reserved, patience, refusal: noRoom });
  return { ...hashes, approach: database.run };
}

/** The refusal when the queue is full. */
export function noRoom(): AuthError {
  return new AuthError('OVERLOADED', { retryAfter: 1 });
}

/**
 * Concurrent hashes: the configured number, or else one core is left to everything else on this
 * machine and its processes share the rest. One of libuv's threads stays free for files, DNS and
 * RSA signatures.
 */
export function hashSemaphoreWidth(machine: {
  readonly cores: number;
  readonly processes: number;
  readonly threads: number;
  readonly wanted: number | null;
}): number {
  const { cores, processes, threads, wanted } = machine;
  return Math.max(1, Math.min(threads - 1, wanted ?? Math.floor((cores - 1) / processes)));
}
