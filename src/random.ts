import { randomBytes, randomInt } from 'node:crypto';
import { v7 } from 'uuid';

/** The only source of randomness: the CSPRNG of the operating system (DP-3). */
export type Random = {
  bytes(length: number): Uint8Array;
  /** A decimal code, with its leading zeros (OT-1). */
  digits(length: number): string;
  /** An opaque bearer token in base64url. */
  token(byteLength: number): string;
  /** A UUIDv7 (RFC 9562): an identifier, never a secret. */
  id(now: Date): string;
};

export const systemRandom: Random = {
  bytes: (length) => randomBytes(length),
  // SECURITY: randomInt draws without modulo bias; do not build codes from bytes modulo ten.
  digits: (length) => String(randomInt(10 ** length)).padStart(length, '0'),
  token: (byteLength) => randomBytes(byteLength).toString('base64url'),
  id: (now) => v7({ msecs: now.getTime() }),
};
