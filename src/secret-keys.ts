import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';

/** A label for each purpose: keys of different purposes are independent (CF-3). */
export type KeyPurpose =
  | 'password-pepper'
  | 'otp-code'
  | 'refresh-token'
  | 'signing-key-seal'
  | 'outbox-seal'
  | 'totp-seal'
  | 'recovery-code'
  | 'imported-hash-seal'
  | 'identity-flow-seal'
  | 'identifier';

type DerivedKey = { readonly id: string; readonly key: KeyObject };

/** The operations with keys derived from SECRET_KEY and, during a rotation, SECRET_KEY_PREVIOUS. */
export type SecretKeys = {
  /** HMAC-SHA256 under the current key, with the id of that key. */
  mac(purpose: KeyPurpose, data: string | Uint8Array): { keyId: string; mac: Buffer };
  /** HMAC-SHA256 under the key with that id; null if the key is no longer configured. */
  macWith(purpose: KeyPurpose, keyId: string, data: string | Uint8Array): Buffer | null;
  /** HMAC-SHA256 under each configured key, the current one first. */
  macs(purpose: KeyPurpose, data: string | Uint8Array): Buffer[];
  /**
   * Encrypts with AES-256-GCM and a random 96-bit nonce; `context` is the additional authenticated
   * data, and `open` needs the same value.
   */
  seal(purpose: KeyPurpose, context: string, plain: Uint8Array): Uint8Array;
  /** Decrypts a result of `seal`; null if the key, the context or any bit differs. */
  open(purpose: KeyPurpose, context: string, sealed: Uint8Array): Buffer | null;
};

/** In bytes: the name of its key, with which everything sealed begins. */
export const keyIdBytes = 4;
const nonceBytes = 12;
const tagBytes = 16;

/** Derives a key for each purpose (HKDF-SHA256, RFC 5869); `secrets` has the current one first. */
export function createSecretKeys(secrets: readonly Uint8Array[]): SecretKeys {
  const keysOf = createKeyDerivation(secrets);
  const current = (purpose: KeyPurpose): DerivedKey => {
    const [key] = keysOf(purpose);
    if (!key) throw new Error('There is no secret key.');
    return key;
  };
  const byId = (purpose: KeyPurpose, id: string): DerivedKey | undefined =>
    keysOf(purpose).find((key) => key.id === id);

  return {
    mac: (purpose, data) => {
      const { id, key } = current(purpose);
      return { keyId: id, mac: hmac(key, data) };
    },
    macWith: (purpose, keyId, data) => {
      const derived = byId(purpose, keyId);
      return derived ? hmac(derived.key, data) : null;
    },
    macs: (purpose, data) => keysOf(purpose).map(({ key }) => hmac(key, data)),
    seal: (purpose, context, plain) => {
      const { id, key } = current(purpose);
      return Buffer.concat([Buffer.from(id, 'hex'), encrypt(key, context, plain)]);
    },
    open: (purpose, context, sealed) => {
      const bytes = Buffer.from(sealed);
      if (bytes.length < keyIdBytes + nonceBytes + tagBytes) return null;
      const derived = byId(purpose, bytes.subarray(0, keyIdBytes).toString('hex'));
      return derived ? decrypt(derived.key, context, bytes.subarray(keyIdBytes)) : null;
    },
  };
}

/** The keys of a purpose, one for each secret; each is derived once and cached. */
function createKeyDerivation(
  secrets: readonly Uint8Array[],
): (purpose: KeyPurpose) => DerivedKey[] {
  const cache = new Map<KeyPurpose, DerivedKey[]>();
  return (purpose) => {
    const cached = cache.get(purpose);
    if (cached) return cached;
    const derived = secrets.map((secret) => ({
      id: expand(secret, `${purpose} id`, keyIdBytes).toString('hex'),
      // Importing raw bytes as a KeyObject at every use would take longer than the HMAC itself.
      key: createSecretKey(expand(secret, purpose, 32)),
    }));
    cache.set(purpose, derived);
    return derived;
  };
}

/** AES-256-GCM: the nonce, the authentication tag and the ciphertext. */
function encrypt(key: KeyObject, context: string, plain: Uint8Array): Buffer {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(context));
  const ciphertext = Buffer.concat([cipher.update(plain), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), ciphertext]);
}

function decrypt(key: KeyObject, context: string, encrypted: Buffer): Buffer | null {
  const nonce = encrypted.subarray(0, nonceBytes);
  const tag = encrypted.subarray(nonceBytes, nonceBytes + tagBytes);
  const ciphertext = encrypted.subarray(nonceBytes + tagBytes);
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes })
    .setAAD(Buffer.from(context))
    .setAuthTag(tag);
  try {
    return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
  } catch {
    return null; // Fails closed (DP-1): the caller treats the value as absent.
  }
}

function expand(secret: Uint8Array, label: string, length: number): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, 'latchkey', label, length));
}

function hmac(key: KeyObject, data: string | Uint8Array): Buffer {
  return createHmac('sha256', key).update(data).digest();
}

/** SHA-256, for values with enough entropy to need no key (256-bit tokens). */
export function sha256(data: string | Uint8Array): Buffer {
  return createHash('sha256').update(data).digest();
}

/** Compares in constant time; false if the lengths differ. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
