import { CompactEncrypt, compactDecrypt } from 'jose';
import type { StoredSession } from './session.ts';

/** What the cookie holds. */
export type SealedSession = StoredSession & {
  /** When the session ends unless it is refreshed, by this machine's clock, in milliseconds. */
  readonly endsAt: number;
};

export type Seal = {
  close(session: SealedSession): Promise<string>;
  /** Null for what none of the secrets has sealed. Never rejects. */
  open(text: string): Promise<SealedSession | null>;
};

const leastBytes = 32;

/** Seals sessions as JWE under the first secret; what any of them has sealed is opened. */
export function createSeal(secret: string | readonly string[]): Seal {
  const secrets = [secret].flat();
  if (secrets.length === 0 || secrets.some((text) => bytesOf(text).length < leastBytes))
    throw new RangeError(`createServerAuth: a secret has at least ${leastBytes} bytes.`);
  let derived: Promise<readonly Uint8Array[]> | undefined;
  const keys = (): Promise<readonly Uint8Array[]> => {
    derived ??= Promise.all(secrets.map(keyOf));
    return derived;
  };
  return {
    close: async (session) => {
      const [key] = await keys();
      if (!key) throw new RangeError('createServerAuth: there is no secret.');
      return new CompactEncrypt(bytesOf(JSON.stringify(session)))
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
        .encrypt(key);
    },
    open: async (text) => {
      for (const key of await keys()) {
        const session = await opened(text, key);
        if (session) return session;
      }
      return null;
    },
  };
}

const bytesOf = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

/** HKDF (RFC 5869): a secret that the app uses for something else, too, is still a key of ours. */
async function keyOf(secret: string): Promise<Uint8Array> {
  const input = await crypto.subtle.importKey('raw', bytesOf(secret), 'HKDF', false, [
    'deriveBits',
  ]);
  const algorithm = {
    name: 'HKDF',
    hash: 'SHA-256',
    salt: new Uint8Array(),
    info: bytesOf('latchkey server session'),
  };
  return new Uint8Array(await crypto.subtle.deriveBits(algorithm, input, 256));
}

async function opened(text: string, key: Uint8Array): Promise<SealedSession | null> {
  try {
    // SECURITY: no other algorithm than the one that seals, whatever the cookie's header asks for.
    const { plaintext } = await compactDecrypt(text, key, {
      keyManagementAlgorithms: ['dir'],
      contentEncryptionAlgorithms: ['A256GCM'],
    });
    return JSON.parse(new TextDecoder().decode(plaintext));
  } catch {
    return null;
  }
}
