import { AuthError } from '../../errors.ts';
import { createSemaphore, type Semaphore } from '../../semaphore.ts';

export type HashGate = Semaphore & {
  /** The way to the gate, a few at a time; rejects as the gate does. */
  readonly approach: Semaphore['run'];
};

/**
 * Milliseconds; whoever has waited so long for a hash is told to come back, while there is time
 * left to say so.
 */
const patience = 8000;
/** Of a pool of ten connections some are left to whoever is signed in already. */
const approaching = 4;
/**
 * A narrow door before bcrypt (AV-1): hashing, WebCrypto, DNS and files share libuv's threads, so
 * an unbounded burst of sign-ins would stall them. `width` at once, `queue` waiting, the rest
 * refused with OVERLOADED.
 */
export function createHashGate(options: { width: number; queue: number }): HashGate {
  const way = createSemaphore({ width: approaching, queue: 1000, patience, refusal: noRoom });
  return { ...createSemaphore({ ...options, patience, refusal: noRoom }), approach: way.run };
}

/** What is answered where there is no room. */
export function noRoom(): AuthError {
  return new AuthError('OVERLOADED', { retryAfter: 1 });
}

/**
 * Hashes at once: as many as were asked for, or else a core is left to everything else on this
 * machine, and each of its processes has its share of the rest. One of libuv's threads stays for
 * files, DNS and RSA signatures.
 */
export function hashGateWidth(machine: {
  readonly cores: number;
  readonly processes: number;
  readonly threads: number;
  readonly wanted: number | null;
}): number {
  const { cores, processes, threads, wanted } = machine;
  return Math.max(1, Math.min(threads - 1, wanted ?? Math.floor((cores - 1) / processes)));
}
