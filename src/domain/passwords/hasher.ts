import * as library from '@node-rs/bcrypt';
import type { Logger } from 'pino';
import type { PasswordHasher, PasswordVerdict } from '../../ports.ts';
import type { Random } from '../../random.ts';
import type { SecretKeys } from '../../secret-keys.ts';
import type { Place } from '../../semaphore.ts';
import { Comparisons } from './comparisons.ts';
import { readForeignHash } from './foreign-hash.ts';
import { type HashSemaphore, noRoom } from './hash-semaphore.ts';
import { normalizePassword, passwordTextFault } from './password-text.ts';
import {
  bcryptInput,
  bcryptInputFor,
  formatStoredHash,
  isImportedHash,
  openImportedHash,
  parseStoredHash,
  resealImportedHash,
} from './stored-hash.ts';
import { provesPassword, verifyForeignHash } from './verify-foreign-hash.ts';

/** The library's two functions that do the work, so that tests can count the calls. */
export type Bcrypt = {
  readonly hash: (input: string, cost: number) => Promise<string>;
  readonly verify: (input: string, stored: string) => Promise<boolean>;
};

type Options = {
  readonly cost: number;
  readonly keys: SecretKeys;
  readonly semaphore: HashSemaphore;
  readonly random: Random;
  readonly log: Pick<Logger, 'error'>;
  readonly bcrypt?: Bcrypt;
  /** Milliseconds of a monotonic clock. */
  readonly now?: () => number;
};

/** bcrypt over a peppered pre-hash, behind the semaphore. `cost` is bcrypt's exponent. */
export function createPasswordHasher(options: Options): PasswordHasher {
  const { cost, keys, semaphore, random } = options;
  const { bcrypt: { hash, verify } = library, now = () => performance.now() } = options;
  const comparisons = new Comparisons({ cost, random, verify, now });
  const base = { ...options, comparisons, now };

  return {
    approach: (work, place) => semaphore.approach(work, place),
    assertRoom: (place) => {
      if (semaphore.isFull(place)) throw noRoom();
    },
    hash: async (password, place) => {
      const { pepperId, input } = bcryptInput(keys, normalizePassword(password));
      return formatStoredHash(pepperId, await semaphore.run(() => hash(input, cost), place));
    },
    verify: async (password, stored, place) => {
      const verifier = { ...base, run: runAt(semaphore, place) };
      // SECURITY: an empty text never authenticates (PW-17), yet costs the same as any other.
      if (stored === null || passwordTextFault(password) !== null)
        return verifyNothing(verifier, password);
      if (isImportedHash(stored)) return verifyImported(verifier, password, stored);
      return verifyOurs(verifier, password, stored);
    },
  };
}

type Run = <T>(work: () => Promise<T>) => Promise<T>;

function runAt(semaphore: HashSemaphore, place: Place | undefined): Run {
  return (work) => semaphore.run(work, place);
}

type Verifier = Pick<Options, 'cost' | 'keys' | 'log'> & {
  readonly run: Run;
  readonly comparisons: Comparisons;
  readonly now: () => number;
};

/** A refusal that takes as long as a wrong password. */
async function verifyNothing(
  { keys, run, comparisons }: Verifier,
  password: string,
): Promise<PasswordVerdict> {
  const { input } = bcryptInput(keys, normalizePassword(password));
  await run(() => comparisons.waste(input));
  return { matches: false, outdated: false };
}

async function verifyOurs(
  verifier: Verifier,
  password: string,
  stored: string,
): Promise<PasswordVerdict> {
  const { cost, keys, run, log, comparisons } = verifier;
  const normalized = normalizePassword(password);
  const parsed = parseStoredHash(stored);
  const input = parsed ? bcryptInputFor(keys, normalized, parsed.pepperId) : null;
  if (!parsed || input === null) {
    // Not a wrong password but a damaged hash, or a pepper removed too early: an operator has to
    // know (PW-15, PW-17).
    log.error(
      { event: parsed ? 'password_hash.pepper_unknown' : 'password_hash.malformed' },
      'A stored password hash cannot be checked.',
    );
    return verifyNothing(verifier, password);
  }
  const matches = await run(() => comparisons.compare(input, parsed.bcrypt));
  const isOld = parsed.cost < cost || parsed.pepperId !== bcryptInput(keys, normalized).pepperId;
  return { matches, outdated: matches && isOld };
}

async function verifyImported(
  verifier: Verifier,
  password: string,
  stored: string,
): Promise<PasswordVerdict> {
  const { keys, run, log, comparisons, now } = verifier;
  const text = openImportedHash(keys, stored);
  const read = text === null ? null : { text, ...readForeignHash(text) };
  if (read?.kind !== 'hash') {
    log.error(
      { event: text === null ? 'password_hash.pepper_unknown' : 'password_hash.malformed' },
      'An imported password hash cannot be checked.',
    );
    return verifyNothing(verifier, password);
  }
  return run(async () => {
    const begun = now();
    const matches = await verifyForeignHash(read.hash, password);
    if (!matches) await comparisons.fillUp(now() - begun);
    // The imported hash is replaced by one of ours at once, unless another password fits it, too.
    if (!matches || provesPassword(read.hash, password)) return { matches, outdated: matches };
    const resealed = resealImportedHash(keys, { stored, text: read.text });
    return { matches, outdated: false, ...(resealed === null ? {} : { resealed }) };
  });
}
