import { constants, generateKeyPairSync, type JsonWebKey, type KeyObject, sign } from 'node:crypto';
import { type Cbor, encodeCbor } from './cbor.ts';

/** PS256 and ES384 are there to be refused: no options of the server ask for them. */
export type PasskeyAlgorithm = 'ES256' | 'EdDSA' | 'RS256' | 'PS256' | 'ES384';

export type PasskeyKey = {
  /** Of the COSE registry, such as -7. */
  readonly algorithmId: number;
  /** The public part as authenticators write it (RFC 9053). */
  readonly cose: Buffer;
  /** The public part as browsers hand it out. */
  readonly spki: Buffer;
  sign(data: Uint8Array): Buffer;
};

/** A new key pair of a passkey. */
export function createPasskeyKey(algorithm: PasskeyAlgorithm): PasskeyKey {
  const { id, pair, digest, members, padding } = kinds[algorithm];
  const { publicKey, privateKey } = pair();
  const jwk = publicKey.export({ format: 'jwk' });
  return {
    algorithmId: id,
    cose: encodeCbor(new Map<number, Cbor>([...members(jwk, id)])),
    spki: publicKey.export({ format: 'der', type: 'spki' }),
    sign: (data) =>
      sign(digest, data, padding === undefined ? privateKey : { key: privateKey, padding }),
  };
}

type Pair = { readonly publicKey: KeyObject; readonly privateKey: KeyObject };

type Kind = {
  readonly id: number;
  pair(): Pair;
  readonly digest: string | null;
  readonly padding?: number;
  members(jwk: JsonWebKey, id: number): readonly (readonly [number, Cbor])[];
};

const bytes = (text: string | undefined): Buffer => Buffer.from(text ?? '', 'base64url');

const elliptic = (id: number, namedCurve: string, curve: number, digest: string): Kind => ({
  id,
  pair: () => generateKeyPairSync('ec', { namedCurve }),
  digest,
  members: ({ x, y }) => [
    [1, 2],
    [3, id],
    [-1, curve],
    [-2, bytes(x)],
    [-3, bytes(y)],
  ],
});

const rsa = (id: number, padding?: number): Kind => ({
  id,
  pair: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  digest: 'sha256',
  ...(padding === undefined ? {} : { padding }),
  members: ({ n, e }) => [
    [1, 3],
    [3, id],
    [-1, bytes(n)],
    [-2, bytes(e)],
  ],
});

const kinds: Readonly<Record<PasskeyAlgorithm, Kind>> = {
  ES256: elliptic(-7, 'P-256', 1, 'sha256'),
  ES384: elliptic(-35, 'P-384', 2, 'sha384'),
  EdDSA: {
    id: -8,
    pair: () => generateKeyPairSync('ed25519'),
    digest: null,
    members: ({ x }, id) => [
      [1, 1],
      [3, id],
      [-1, 6],
      [-2, bytes(x)],
    ],
  },
  RS256: rsa(-257),
  PS256: rsa(-37, constants.RSA_PKCS1_PSS_PADDING),
};
