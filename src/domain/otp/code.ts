import type { OtpChallengeRow } from '../../db/tables/otp-challenges.ts';
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

type Codes = Pick<
  OtpChallengeRow,
  'id' | 'codeHash' | 'previousCodeHash' | 'previousCodeExpiresAt'
>;

/**
 * The stored form of a right code: of the newest mail, or of the mail before a reminder while its
 * own time lasts (OT-2); null for any other. Compares in constant time, under each key in force.
 */
export function findCodeHash(
  keys: SecretKeys,
  challenge: Codes,
  { code, now }: { code: string; now: Date },
): Uint8Array | null {
  const { id, codeHash, previousCodeHash, previousCodeExpiresAt } = challenge;
  const isPreviousValid = previousCodeExpiresAt !== null && previousCodeExpiresAt > now;
  const valid = [codeHash, isPreviousValid ? previousCodeHash : null];
  const macs = keys.macs('otp-code', `${id}\n${code}`);
  return (
    valid.find((stored) => stored !== null && macs.some((mac) => sameBytes(mac, stored))) ?? null
  );
}
