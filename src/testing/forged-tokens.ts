import { createHmac, createPrivateKey, type KeyObject, sign } from 'node:crypto';

export type Parts = {
  readonly header: Record<string, unknown>;
  readonly payload: Record<string, unknown>;
};

/** The header and claims of a token, unverified. */
export function partsOf(token: string): Parts {
  const [header, payload] = token
    .split('.', 2)
    .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()));
  return { header, payload };
}

/**
 * A compact JWS with exactly this header and payload, signed with node:crypto, because JOSE
 * libraries refuse to make invalid tokens. A key may be the bytes of a secret; `none` or null gives
 * an empty signature.
 */
export function forge(
  { header, payload }: Parts,
  key: KeyObject | Uint8Array | null,
  algorithm = header['alg'],
): string {
  const input = [header, payload]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  const signed = key === null ? null : signature(String(algorithm), input, key);
  return `${input}.${signed?.toString('base64url') ?? ''}`;
}

function signature(algorithm: string, input: string, key: KeyObject | Uint8Array): Buffer {
  const bits = algorithm.slice(2);
  if (algorithm.startsWith('HS')) return createHmac(`sha${bits}`, key).update(input).digest();
  const data = Buffer.from(input);
  const privateKey = key instanceof Uint8Array ? createPrivateKey(Buffer.from(key)) : key;
  if (algorithm === 'EdDSA' || algorithm === 'Ed25519') return sign(null, data, privateKey);
  if (algorithm.startsWith('ES'))
    return sign(`sha${bits}`, data, { key: privateKey, dsaEncoding: 'ieee-p1363' });
  if (algorithm.startsWith('PS'))
    return sign(`sha${bits}`, data, { key: privateKey, padding: 6, saltLength: Number(bits) / 8 });
  return sign(`sha${bits}`, data, privateKey);
}
