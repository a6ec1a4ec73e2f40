import type { Random } from '../../random.ts';
import type { SecretKeys } from '../../secret-keys.ts';
import { typedSymbols } from '../typed-symbols.ts';

/** The number of codes in a set. */
export const recoveryCodeCount = 10;

/** 80 bits: sixteen symbols of five (OT-16 asks for 64). */
const symbolCount = 16;
const groupLength = 4;

/** Crockford's base 32: no I, L, O, U, so that nothing looks like a one or a zero. */
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** A new code in its canonical form: sixteen symbols, no hyphens. */
export function makeRecoveryCode(random: Random): string {
  // 256 is a multiple of 32, so the remainder favours no symbol.
  return [...random.bytes(symbolCount)]
    .map((byte) => alphabet.charAt(byte % alphabet.length))
    .join('');
}

/** As it is shown: `XXXX-XXXX-XXXX-XXXX`. */
export function showRecoveryCode(code: string): string {
  return Array.from({ length: symbolCount / groupLength }, (_, group) =>
    code.slice(group * groupLength, (group + 1) * groupLength),
  ).join('-');
}

/**
 * What the user typed, in canonical form: case, keyboard, spaces and hyphens do not matter, and
 * letters outside the alphabet are read as the digits that they resemble. Null where it cannot be a
 * code.
 */
export function readRecoveryCode(typed: string): string | null {
  const symbols = typedSymbols(typed);
  if (symbols === null) return null;
  const code = symbols
    .replace(/[a-z]/g, (letter) => letter.toUpperCase())
    .replace(/O/g, '0')
    .replace(/[IL]/g, '1');
  return /^[0-9A-HJKMNP-TV-Z]{16}$/.test(code) ? code : null;
}

/** The stored form of a code, with the id of the key. Bound to the user. */
export function hashRecoveryCode(
  keys: SecretKeys,
  userId: string,
  code: string,
): { keyId: string; mac: Buffer } {
  return keys.mac('recovery-code', macInput(userId, code));
}

/** The possible stored forms of a code, under each key in force. */
export function recoveryCodeHashes(keys: SecretKeys, userId: string, code: string): Buffer[] {
  return keys.macs('recovery-code', macInput(userId, code));
}

function macInput(userId: string, code: string): string {
  return `${userId}\n${code}`;
}
