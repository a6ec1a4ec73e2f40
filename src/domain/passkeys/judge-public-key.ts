import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { algorithms } from './rules.ts';

/** A COSE key (RFC 9052 7), decoded: numbers to numbers and bytes. */
type CoseKey = { get(label: number): unknown };

/** Bits of an RSA key: fewer are weak, and more cost a server time. */
const rsaBits = [2048, 4096] as const;

/**
 * The algorithm of a new passkey's key; null unless it is one that was asked for, on its own curve
 * and well-formed (PK-11): with no attestation, nothing else tells that the key is one.
 */
export function judgePublicKey(cose: CoseKey): number | null {
  const algorithm = algorithms.find((each) => each === cose.get(3));
  if (algorithm === undefined) return null;
  const key = importKey(jwkOf(algorithm, cose));
  if (key === null) return null;
  const bits = key.asymmetricKeyDetails?.modulusLength;
  const isFine = bits === undefined || (bits >= rsaBits[0] && bits <= rsaBits[1]);
  return isFine ? algorithm : null;
}

function jwkOf(algorithm: (typeof algorithms)[number], cose: CoseKey): JsonWebKey | null {
  const [kty, first, second, third] = [cose.get(1), cose.get(-1), cose.get(-2), cose.get(-3)];
  if (algorithm === -257)
    return kty === 3 ? { kty: 'RSA', n: base64url(first), e: base64url(second) } : null;
  if (algorithm === -7)
    return kty === 2 && first === 1
      ? { kty: 'EC', crv: 'P-256', x: base64url(second), y: base64url(third) }
      : null;
  return kty === 1 && first === 6 ? { kty: 'OKP', crv: 'Ed25519', x: base64url(second) } : null;
}

/** Null where the numbers are no key, such as a point that is not on the curve. */
function importKey(jwk: JsonWebKey | null): KeyObject | null {
  if (jwk === null) return null;
  try {
    return createPublicKey({ key: jwk, format: 'jwk' });
  } catch {
    return null;
  }
}

function base64url(value: unknown): string {
  return value instanceof Uint8Array ? Buffer.from(value).toString('base64url') : '';
}
