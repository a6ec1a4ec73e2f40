import { hash, verify } from '@node-rs/bcrypt';
import type { Logger } from 'pino';
import type { Random } from '../../random.ts';
import type { SecretKeys } from '../../secret-keys.ts';
import type { HashGate } from './hash-gate.ts';
import { normalizePassword, passwordTextFault } from './password-text.ts';
import { bcryptInput, bcryptInputFor, formatStoredHash, parseStoredHash } from './stored-hash.ts';

export type PasswordVerdict = {
  readonly matches: boolean;
  /** The password is right and the hash is below today's cost, or under an older pepper (PW-14). */
  readonly outdated: boolean;
};

export type PasswordHasher = {
  /** The string to store. Rejects with OVERLOADED past the gate. */
  hash(password: string): Promise<string>;
  /**
   * Whether the password is the stored one. Null stands for an account that has none or does not exist: it costs as much
   * (PW-16) and never matches. Rejects with OVERLOADED past the gate.
   */
  verify(password: string, stored: string | null): Promise<PasswordVerdict>;
};

type Options = {
  readonly cost: number;
  readonly keys: SecretKeys;
  readonly gate: HashGate;
  readonly random: Random;
  readonly log: Pick<Logger, 'error'>;
};

const bcryptAlphabet = './ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** bcrypt over a peppered pre-hash, behind the gate. `cost` is bcrypt's exponent. */
export function createPasswordHasher({ cost, keys, gate, random, log }: Options): PasswordHasher {
  const dummy = dummyBcrypt(cost, random);

  const verifyDummy = async (password: string): Promise<PasswordVerdict> => {
    await gate.run(() => verify(bcryptInput(keys, password).input, dummy));
    return { matches: false, outdated: false };
  };

  return {
    hash: async (password) => {
      const { pepperId, input } = bcryptInput(keys, normalizePassword(password));
      return formatStoredHash(pepperId, await gate.run(() => hash(input, cost)));
    },
    verify: async (password, stored) => {
      const normalized = normalizePassword(password);
      // SECURITY: an empty text never authenticates (PW-17), yet costs the same as any other.
      if (stored === null || passwordTextFault(password) !== null) return verifyDummy(normalized);
      const parsed = parseStoredHash(stored);
      const input = parsed ? bcryptInputFor(keys, normalized, parsed.pepperId) : null;
      if (!parsed || input === null) {
        // Not a wrong password but damage, or a pepper taken away too early: an operator has to know (PW-15, PW-17).
        log.error(
          { event: parsed ? 'password_hash.pepper_unknown' : 'password_hash.malformed' },
          'A stored password hash cannot be checked.',
        );
        return verifyDummy(normalized);
      }
      const matches = await gate.run(() => verify(input, parsed.bcrypt));
      return {
        matches,
        outdated: matches && (parsed.cost < cost || parsed.pepperId !== bcryptInput(keys, normalized).pepperId),
      };
    },
  };
}

/**
 * A well-formed hash of nothing, at today's cost. A malformed one would come back in under a millisecond, and one of another
 * cost in another time (PW-16, ADV-51).
 */
export function dummyBcrypt(cost: number, random: Random): string {
  const characters = [...random.bytes(53)].map((byte) => bcryptAlphabet.charAt(byte % 64));
  // The last character of the salt and of the hash carry only a few bits; '.' (zero) is always valid there.
  characters[21] = '.';
  characters[52] = '.';
  return `$2b$${String(cost).padStart(2, '0')}$${characters.join('')}`;
}
