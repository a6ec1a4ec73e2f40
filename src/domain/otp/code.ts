import { type SecretKeys, sameBytes } from '../../secret-keys.ts';
import { typedSymbols } from '../typed-symbols.ts';

/** Digits of an e-mailed code (OT-1: 20 bits at least). */
export const codeLength = 6;

/** The six digits that the user typed, on whatever keyboard; null where it cannot be a code. */
export function readCode(typed: string): string | null {
  const code = typedSymbols(typed);
  return code !== null && /^[0-9]{6}$/.test(code) ? code : null;
}

/**
 * The stored form of a code: an unkeyed hash of six digits would be reversed at once (OT-8). Bound
 * to the challenge.
 */
export function hashCode(keys: SecretKeys, challengeId: string, code: string): Buffer {
  return keys.mac('otp-code', `${challengeId}\n${code}`).mac;
}

/** Bytes of the stored form of a code. */
export const codeHashLength = 32;

/**
 * Compares in constant time, under each key in force; a reminder's code is stored before that of
 * the mail before, and both are valid.
 */
export function codeMatches(
  keys: SecretKeys,
  challengeId: string,
  code: string,
  storedHash: Uint8Array,
): boolean {
  const macs = keys.macs('otp-code', `${challengeId}\n${code}`);
  const stored = [storedHash.subarray(0, codeHashLength), storedHash.subarray(codeHashLength)];
  return stored.some((each) => macs.some((mac) => sameBytes(mac, each)));
}
