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

/** One label for each purpose: keys for two purposes are never the same (CF-3). */
export type KeyPurpose =
  | 'password-pepper'
  | 'otp-code'
  | 'refresh-token'
  | 'signing-key-seal'
  | 'outbox-seal'
  | 'totp-seal'
  | 'recovery-code'
  | 'imported-hash-seal'
  | 'identifier';

type DerivedKey = { readonly id: string; readonly key: KeyObject };

/** Everything that SECRET_KEY (and SECRET_KEY_PREVIOUS, while rotating) is used for. */
export type SecretKeys = {
  /** HMAC-SHA256 under the current key, with that key's id. */
  mac(purpose: KeyPurpose, data: string | Uint8Array): { keyId: string; mac: Buffer };
  /** HMAC-SHA256 under the key of that id; null where it is not known any more. */
  macWith(purpose: KeyPurpose, keyId: string, data: string | Uint8Array): Buffer | null;
  /** HMAC-SHA256 under each key that is in force, the current one first. */
  macs(purpose: KeyPurpose, data: string | Uint8Array): Buffer[];
  /**
   * AES-256-GCM with a random 96-bit nonce; `context` is authenticated with it and must be the same
   * to open it.
   */
  seal(purpose: KeyPurpose, context: string, plain: Uint8Array): Uint8Array;
  /**
   * Opens what `seal` made; null where the key is unknown, the context is another or a bit was
   * changed.
   */
  open(purpose: KeyPurpose, context: string, sealed: Uint8Array): Buffer | null;
};

const keyIdBytes = 4;
const nonceBytes = 12;
const tagBytes = 16;

/**
 * Derives (HKDF-SHA256, RFC 5869) a key for each purpose; `secrets` holds the current one first.
 */
export function createSecretKeys(secrets: readonly Uint8Array[]): SecretKeys {
  const cache = new Map<KeyPurpose, DerivedKey[]>();

  const derive = (purpose: KeyPurpose): DerivedKey[] => {
    const known = cache.get(purpose);
    if (known) return known;
    const derived = secrets.map((secret) => ({
      id: expand(secret, `${purpose} id`, keyIdBytes).toString('hex'),
      // As a KeyObject: bytes would become one again at every use, which takes longer than the
      // HMAC.
      key: createSecretKey(expand(secret, purpose, 32)),
    }));
    cache.set(purpose, derived);
    return derived;
  };
  const current = (purpose: KeyPurpose): DerivedKey => {
    const [key] = derive(purpose);
    if (!key) throw new Error('There is no secret key.');
    return key;
  };
  const byId = (purpose: KeyPurpose, id: string): DerivedKey | undefined =>
    derive(purpose).find((key) => key.id === id);

  return {
    mac: (purpose, data) => {
      const { id, key } = current(purpose);
      return { keyId: id, mac: hmac(key, data) };
    },
    macWith: (purpose, keyId, data) => {
      const derived = byId(purpose, keyId);
      return derived ? hmac(derived.key, data) : null;
    },
    macs: (purpose, data) => derive(purpose).map(({ key }) => hmac(key, data)),
    seal: (purpose, context, plain) => {
      const { id, key } = current(purpose);
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(context));
      const body = Buffer.concat([cipher.update(plain), cipher.final()]);
      return Buffer.concat([Buffer.from(id, 'hex'), nonce, cipher.getAuthTag(), body]);
    },
    open: (purpose, context, sealed) => {
      const bytes = Buffer.from(sealed);
      if (bytes.length < keyIdBytes + nonceBytes + tagBytes) return null;
      const derived = byId(purpose, bytes.subarray(0, keyIdBytes).toString('hex'));
      if (!derived) return null;
      const nonce = bytes.subarray(keyIdBytes, keyIdBytes + nonceBytes);
      const tag = bytes.subarray(keyIdBytes + nonceBytes, keyIdBytes + nonceBytes + tagBytes);
      const decipher = createDecipheriv('aes-256-gcm', derived.key, nonce, {
        authTagLength: tagBytes,
      })
        .setAAD(Buffer.from(context))
        .setAuthTag(tag);
      try {
        return Buffer.concat([
          decipher.update(bytes.subarray(keyIdBytes + nonceBytes + tagBytes)),
          decipher.final(),
        ]);
      } catch {
        return null; // Fails closed (DP-1): whoever asked treats it as absent.
      }
    },
  };
}

function expand(secret: Uint8Array, label: string, length: number): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, 'latchkey', label, length));
}

function hmac(key: KeyObject, data: string | Uint8Array): Buffer {
  return createHmac('sha256', key).update(data).digest();
}

/** SHA-256; for values that are random enough by themselves (256-bit tokens). */
export function sha256(data: string | Uint8Array): Buffer {
  return createHash('sha256').update(data).digest();
}

/** Compares in constant time; false where the lengths differ. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
