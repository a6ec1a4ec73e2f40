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

/**
 * Other texts that lax decoders of base64url read as the same token: a character that makes no
 * byte, padding, and bits that are ignored, for each part that a dot ends.
 */
export function misspelled(token: string): readonly string[] {
  const parts = token.split('.');
  return parts.flatMap((part, index) => {
    const withPart = (text: string) => parts.with(index, text).join('.');
    const added = ['A', 'Q', '_', '=', '==', '===', '.', '!'].map((end) => withPart(part + end));
    return [...added, ...otherBits(part).map(withPart)];
  });
}

/** A text with white space around it, which no token has. */
export function spaced(token: string): readonly string[] {
  return [' ', '\n', '\r\n', '\t', '\u00a0', '\ufeff'].flatMap((space) => [
    token + space,
    space + token,
    token.slice(0, 8) + space + token.slice(8),
  ]);
}

/** The same bytes in base64url, in every spelling but the encoder's. */
function otherBits(part: string): string[] {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const bytes = Buffer.from(part, 'base64url');
  if (part.length % 4 === 0 || bytes.toString('base64url') !== part) return [];
  return [...alphabet]
    .map((last) => part.slice(0, -1) + last)
    .filter((text) => text !== part && Buffer.from(text, 'base64url').equals(bytes));
}
