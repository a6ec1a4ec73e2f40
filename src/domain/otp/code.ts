import { type SecretKeys, sameBytes } from '../../secret-keys.ts';

/** Digits of an e-mailed code (OT-1: 20 bits at least). */
export const codeLength = 6;

/**
 * What the user typed, without the spaces and hyphens that help to read it; null where it cannot be
 * a code. ASCII digits only (OT-10).
 */
export function readCode(typed: string): string | null {
  if (typed.length > 64) return null;
  const code = typed.replace(/[\s-]/g, '');
  return /^[0-9]{6}$/.test(code) ? code : null;
}

/**
 * The stored form of a code: an unkeyed hash of six digits would be reversed at once (OT-8). Bound
 * to the challenge.
 */
export function hashCode(keys: SecretKeys, challengeId: string, code: string): Buffer {
  return keys.mac('otp-code', `${challengeId}\n${code}`).mac;
}

/** Compares in constant time, under each key in force. */
export function codeMatches(
  keys: SecretKeys,
  challengeId: string,
  code: string,
  storedHash: Uint8Array,
): boolean {
  return keys.macs('otp-code', `${challengeId}\n${code}`).some((mac) => sameBytes(mac, storedHash));
}
