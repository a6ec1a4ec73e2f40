import {
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  generateKeyPair,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { promisify } from 'node:util';
import type { JwtAlgorithm } from '../../config/read-config.ts';
import type { SigningKeyRow } from '../../db/tables/signing-keys.ts';
import type { PublicJwk, SigningKey } from '../../ports.ts';
import type { SecretKeys } from '../../secret-keys.ts';

/** RFC 8725 3.5, ASVS 11.2.3; 3,072 bits give 128 bits of security (NIST SP 800-57). */
const rsaBits = 3072;
const hmacBytes = 32;

const generate = promisify(generateKeyPair);

type Jwk = Record<string, unknown>;

/** A new key pair as JWKs; HS256 yields one secret and no public half. */
export async function generateJwk(
  algorithm: JwtAlgorithm,
): Promise<{ privateJwk: Jwk; publicJwk: Jwk | null }> {
  if (algorithm === 'HS256') {
    return {
      privateJwk: { ...createSecretKey(randomBytes(hmacBytes)).export({ format: 'jwk' }) },
      publicJwk: null,
    };
  }
  const pair = await generatePair(algorithm);
  return {
    privateJwk: { ...pair.privateKey.export({ format: 'jwk' }) },
    publicJwk: { ...pair.publicKey.export({ format: 'jwk' }) },
  };
}

function generatePair(algorithm: Exclude<JwtAlgorithm, 'HS256'>) {
  if (algorithm === 'RS256') return generate('rsa', { modulusLength: rsaBits });
  if (algorithm === 'ES256') return generate('ec', { namedCurve: 'P-256' });
  return generate('ed25519', {});
}

/** The private part sealed for the row; the kid is bound in, so that rows cannot be swapped. */
export function sealPrivateJwk(keys: SecretKeys, kid: string, privateJwk: Jwk): Uint8Array {
  return keys.seal('signing-key-seal', kid, Buffer.from(JSON.stringify(privateJwk)));
}

/**
 * Opens a row for use. Throws where it cannot be decrypted or is too weak: a server must not start
 * with such a key (JW-9).
 */
export function openSigningKey(keys: SecretKeys, row: SigningKeyRow): SigningKey {
  const opened = keys.open('signing-key-seal', row.kid, row.sealedPrivateJwk);
  if (!opened) {
    throw new Error(
      `The signing key ${row.kid} cannot be opened. ` +
        'SECRET_KEY has changed; set the old one as SECRET_KEY_PREVIOUS.',
    );
  }
  const privateJwk: Jwk = JSON.parse(opened.toString());
  const algorithm = readAlgorithm(row);
  const { kid, createdAt, activeFrom, expiresAt } = row;
  const common = { kid, algorithm, createdAt, activeFrom, expiresAt };
  if (algorithm === 'HS256') {
    const secret = createSecretKey(Buffer.from(String(privateJwk['k']), 'base64url'));
    if ((secret.symmetricKeySize ?? 0) < hmacBytes)
      throw new Error(`The signing key ${row.kid} is shorter than 32 bytes.`);
    return { ...common, privateKey: secret, publicKey: secret, publicJwk: null };
  }
  const privateKey = createPrivateKey({ key: privateJwk, format: 'jwk' });
  const publicKey = createPublicKey(privateKey);
  assertStrong(row.kid, algorithm, privateKey);
  return {
    ...common,
    privateKey,
    publicKey,
    publicJwk: publishedJwk(row.kid, algorithm, publicKey),
  };
}

/** Whether a row can be used; the reason is for a server's log, since its message names the kid. */
export function canOpen(keys: SecretKeys, row: SigningKeyRow): boolean {
  try {
    openSigningKey(keys, row);
    return true;
  } catch {
    return false;
  }
}

function readAlgorithm(row: SigningKeyRow): JwtAlgorithm {
  const { algorithm } = row;
  if (
    algorithm === 'RS256' ||
    algorithm === 'ES256' ||
    algorithm === 'EdDSA' ||
    algorithm === 'HS256'
  )
    return algorithm;
  throw new Error(`The signing key ${row.kid} is of an unknown algorithm.`);
}

function assertStrong(kid: string, algorithm: JwtAlgorithm, key: KeyObject): void {
  const details = key.asymmetricKeyDetails;
  const fits =
    (algorithm === 'RS256' &&
      key.asymmetricKeyType === 'rsa' &&
      (details?.modulusLength ?? 0) >= rsaBits) ||
    (algorithm === 'ES256' &&
      key.asymmetricKeyType === 'ec' &&
      details?.namedCurve === 'prime256v1') ||
    (algorithm === 'EdDSA' && key.asymmetricKeyType === 'ed25519');
  if (!fits) throw new Error(`The signing key ${kid} is too weak, or not one for ${algorithm}.`);
}

/**
 * The members of the public half by name: SECURITY: never a spread, so that no private member can
 * slip in (JW-11).
 */
function publishedJwk(kid: string, algorithm: JwtAlgorithm, publicKey: KeyObject): PublicJwk {
  const jwk = publicKey.export({ format: 'jwk' });
  const members = ['kty', 'n', 'e', 'crv', 'x', 'y'] as const;
  const published: Record<string, string> = {};
  for (const member of members) {
    const value = jwk[member];
    if (typeof value === 'string') published[member] = value;
  }
  return { ...published, kid, use: 'sig', alg: algorithm };
}
