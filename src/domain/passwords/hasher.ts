import * as library from '@node-rs/bcrypt';
import type { Logger } from 'pino';
import type { PasswordHasher, PasswordVerdict } from '../../ports.ts';
import type { Random } from '../../random.ts';
import type { SecretKeys } from '../../secret-keys.ts';
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
} from './stored-hash.ts';
import { verifyForeignHash } from './verify-foreign-hash.ts';

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

const bcryptAlphabet = './ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** bcrypt over a peppered pre-hash, behind the semaphore. `cost` is bcrypt's exponent. */
export function createPasswordHasher({
  cost,
  keys,
  semaphore,
  random,
  log,
  bcrypt: { hash, verify } = library,
  now = () => performance.now(),
}: Options): PasswordHasher {
  const dummies = new Map<number, string>();
  const dummyOf = (exponent: number): string => {
    const known = dummies.get(exponent) ?? dummyBcrypt(exponent, random);
    dummies.set(exponent, known);
    return known;
  };
  /** Milliseconds that a recent verification of one of our hashes took. */
  let usual: number | null = null;

  const verifyOurs = async (input: string, bcrypt: string): Promise<boolean> => {
    const begun = now();
    const matches = await verify(input, bcrypt);
    const took = now() - begun;
    usual = usual === null ? took : usual * 0.8 + took * 0.2;
    return matches;
  };

  const assertRoom = (): void => {
    if (semaphore.isFull()) throw noRoom();
  };

  const verifyDummy = async (password: string): Promise<PasswordVerdict> => {
    await semaphore.run(() => verifyOurs(bcryptInput(keys, password).input, dummyOf(cost)));
    return { matches: false, outdated: false };
  };

  /**
   * Keeps working until the usual time of one of our verifications has passed, so that a cheaper
   * hash does not reveal itself by a quick refusal (PW-16).
   */
  const fillUp = async (spent: number): Promise<void> => {
    if (usual === null) {
      await verifyOurs('', dummyOf(cost));
      return;
    }
    let rest = 1 - spent / usual;
    for (let exponent = cost - 1; exponent >= Math.max(4, cost - 5); exponent -= 1) {
      const share = 2 ** (exponent - cost);
      if (rest < share) continue;
      await verify('', dummyOf(exponent));
      rest -= share;
    }
  };

  const verifyImported = async (password: string, stored: string): Promise<PasswordVerdict> => {
    const text = openImportedHash(keys, stored);
    const read = text === null ? null : readForeignHash(text);
    if (read?.kind !== 'hash') {
      log.error(
        { event: text === null ? 'password_hash.pepper_unknown' : 'password_hash.malformed' },
        'An imported password hash cannot be checked.',
      );
      return verifyDummy(normalizePassword(password));
    }
    return semaphore.run(async () => {
      const begun = now();
      const matches = await verifyForeignHash(read.hash, password);
      if (!matches) await fillUp(now() - begun);
      // The imported hash is replaced by one of ours at once.
      return { matches, outdated: matches };
    });
  };

  return {
    approach: async (work) => {
      assertRoom();
      return semaphore.approach(async () => {
        assertRoom();
        return work();
      });
    },
    hash: async (password) => {
      const { pepperId, input } = bcryptInput(keys, normalizePassword(password));
      return formatStoredHash(pepperId, await semaphore.run(() => hash(input, cost)));
    },
    verify: async (password, stored) => {
      const normalized = normalizePassword(password);
      // SECURITY: an empty text never authenticates (PW-17), yet costs the same as any other.
      if (stored === null || passwordTextFault(password) !== null) return verifyDummy(normalized);
      if (isImportedHash(stored)) return verifyImported(password, stored);
      const parsed = parseStoredHash(stored);
      const input = parsed ? bcryptInputFor(keys, normalized, parsed.pepperId) : null;
      if (!parsed || input === null) {
        // Not a wrong password but a damaged hash, or a pepper removed too early: an operator has
        // to know (PW-15, PW-17).
        log.error(
          { event: parsed ? 'password_hash.pepper_unknown' : 'password_hash.malformed' },
          'A stored password hash cannot be checked.',
        );
        return verifyDummy(normalized);
      }
      const matches = await semaphore.run(() => verifyOurs(input, parsed.bcrypt));
      return {
        matches,
        outdated:
          matches &&
          (parsed.cost < cost || parsed.pepperId !== bcryptInput(keys, normalized).pepperId),
      };
    },
  };
}

/**
 * A well-formed hash of nothing, at the current cost. A malformed one would be refused in under a
 * millisecond, and one of another cost in a different time (PW-16, ADV-51).
 */
export function dummyBcrypt(cost: number, random: Random): string {
  const characters = [...random.bytes(53)].map((byte) => bcryptAlphabet.charAt(byte % 64));
  // The last character of the salt and of the hash carry only a few bits; '.' (zero) is always
  // valid there.
  characters[21] = '.';
  characters[52] = '.';
  return `$2b$${String(cost).padStart(2, '0')}$${characters.join('')}`;
}
