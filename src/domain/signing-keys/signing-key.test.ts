import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { JwtAlgorithm } from '../../config/read-config.ts';
import type { SigningKeyRow } from '../../db/tables/signing-keys.ts';
import { createSecretKeys } from '../../secret-keys.ts';
import { startTestServer } from '../../testing/app.ts';
import { putSigningKey } from '../../testing/rows.ts';
import { generateJwk, openSigningKey, sealPrivateJwk } from './signing-key.ts';

const keys = createSecretKeys([randomBytes(32)]);
const now = new Date();

const rowOf = (
  algorithm: string,
  privateJwk: Record<string, unknown>,
  sealing = keys,
): SigningKeyRow => ({
  kid: 'k1',
  algorithm,
  publicJwk: null,
  sealedPrivateJwk: sealPrivateJwk(sealing, 'k1', privateJwk),
  createdAt: now,
  activeFrom: now,
  expiresAt: null,
  removedAt: null,
});
const secretOf = (bytes: number) => ({ kty: 'oct', k: randomBytes(bytes).toString('base64url') });
const rsaOf = (modulusLength: number) => ({
  ...generateKeyPairSync('rsa', { modulusLength }).privateKey.export({ format: 'jwk' }),
});
const ecOf = (namedCurve: string) => ({
  ...generateKeyPairSync('ec', { namedCurve }).privateKey.export({ format: 'jwk' }),
});

const weak: readonly [string, string, Record<string, unknown>][] = [
  ['RSA of 2048 bits', 'RS256', rsaOf(2048)],
  ['an HMAC secret of 16 bytes', 'HS256', secretOf(16)],
  ['an HMAC secret of 31 bytes', 'HS256', secretOf(31)],
  ['no HMAC secret at all', 'HS256', { kty: 'oct' }],
  ['P-384 under ES256', 'ES256', ecOf('P-384')],
  ['secp256k1 under ES256', 'ES256', ecOf('secp256k1')],
  ['an EC key under RS256', 'RS256', ecOf('P-256')],
  ['an EC key under EdDSA', 'EdDSA', ecOf('P-256')],
  ['an algorithm that we do not know', 'none', secretOf(32)],
];

describe('a signing key', () => {
  for (const [what, algorithm, jwk] of weak) {
    it(`JW-9 is refused: ${what}`, () => {
      expect(() => openSigningKey(keys, rowOf(algorithm, jwk))).toThrow(/^The signing key k1 /);
    });
  }

  it('JW-9 is refused if sealed under another secret, for another kid, or altered', async () => {
    const { privateJwk } = await generateJwk('ES256');
    const other = createSecretKeys([randomBytes(32)]);
    expect(() => openSigningKey(keys, rowOf('ES256', privateJwk, other))).toThrow(
      /SECRET_KEY has changed/,
    );
    const row = rowOf('ES256', privateJwk);
    expect(() => openSigningKey(keys, { ...row, kid: 'k2' })).toThrow(/cannot be opened/);
    const changed = Buffer.from(row.sealedPrivateJwk);
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
    expect(() => openSigningKey(keys, { ...row, sealedPrivateJwk: changed })).toThrow(
      /cannot be opened/,
    );
  });

  it('JW-9 that is too weak keeps a server from starting', async () => {
    const server = await startTestServer();
    try {
      const secretKeys = createSecretKeys(server.app.config.secretKeys);
      await putSigningKey(server, { ...rowOf('HS256', secretOf(16), secretKeys), activeFrom: now });
      await expect(server.another()).rejects.toThrow(
        'The signing key k1 is shorter than 32 bytes.',
      );
    } finally {
      await server.stop();
    }
  });

  const strong: readonly [JwtAlgorithm, Record<string, unknown>][] = [
    ['RS256', { asymmetricKeyType: 'rsa', asymmetricKeyDetails: { modulusLength: 3072 } }],
    ['ES256', { asymmetricKeyType: 'ec', asymmetricKeyDetails: { namedCurve: 'prime256v1' } }],
    ['EdDSA', { asymmetricKeyType: 'ed25519' }],
    ['HS256', { type: 'secret', symmetricKeySize: 32 }],
  ];
  for (const [algorithm, properties] of strong) {
    it(`JW-9 JW-10 made for ${algorithm} is strong, and its algorithm is fixed`, async () => {
      const { privateJwk, publicJwk } = await generateJwk(algorithm);
      const key = openSigningKey(keys, rowOf(algorithm, privateJwk));
      expect(key).toMatchObject({ kid: 'k1', algorithm });
      expect(key.privateKey).toMatchObject(properties);
      if (algorithm === 'HS256') {
        expect([publicJwk, key.publicJwk]).toEqual([null, null]);
      } else {
        expect(key.publicJwk).toMatchObject({ kid: 'k1', use: 'sig', alg: algorithm });
        for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k', 'oth']) {
          expect(key.publicJwk).not.toHaveProperty(member);
          expect(publicJwk).not.toHaveProperty(member);
        }
      }
    }, 300_000);
  }
});
