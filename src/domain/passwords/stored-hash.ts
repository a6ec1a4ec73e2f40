import { keyIdBytes, type SecretKeys } from '../../secret-keys.ts';

/**
 * The format of users.password_hash: `bcrypt-hmac-sha256.<pepper key id>$2b$12$…`. The scheme and
 * the pepper's version are part of the string, so that both can change row by row (PW-14, PW-15).
 */
export type StoredHash = {
  readonly scheme: 'bcrypt-hmac-sha256';
  readonly pepperId: string;
  readonly bcrypt: string;
};

const scheme = 'bcrypt-hmac-sha256';
const pattern = /^bcrypt-hmac-sha256\.([0-9a-f]{8})(\$2b\$(\d\d)\$[./A-Za-z0-9]{53})$/;

export function formatStoredHash(pepperId: string, bcrypt: string): string {
  return `${scheme}.${pepperId}${bcrypt}`;
}

/** Parses a stored hash; null where it is not one of ours or is damaged. */
export function parseStoredHash(stored: string): (StoredHash & { readonly cost: number }) | null {
  const match = pattern.exec(stored);
  const [, pepperId, bcrypt, cost] = match ?? [];
  if (pepperId === undefined || bcrypt === undefined || cost === undefined) return null;
  // bcrypt accepts 4 to 31, and refuses anything else suspiciously fast (PW-17).
  if (Number(cost) < 4 || Number(cost) > 31) return null;
  return { scheme, pepperId, bcrypt, cost: Number(cost) };
}

/**
 * The input of bcrypt: base64 of an HMAC-SHA256 under the pepper, 44 characters whatever the
 * password's length (PW-3, PW-4). SECURITY: not a raw digest (it may contain NUL) and not an
 * unkeyed one (stolen SHA-256 lists could be tried against it).
 */
export function bcryptInput(
  keys: SecretKeys,
  password: string,
): { pepperId: string; input: string } {
  const { keyId, mac } = keys.mac('password-pepper', password);
  return { pepperId: keyId, input: mac.toString('base64') };
}

/** The same under the pepper of a stored hash; null where that pepper is no longer configured. */
export function bcryptInputFor(
  keys: SecretKeys,
  password: string,
  pepperId: string,
): string | null {
  return keys.macWith('password-pepper', pepperId, password)?.toString('base64') ?? null;
}

const importedPrefix = 'imported.';
const importedContext = 'imported-hash';

export function isImportedHash(stored: string): boolean {
  return stored.startsWith(importedPrefix);
}

/**
 * Seals another system's hash for users.password_hash until the first sign-in. Such hashes have no
 * pepper, so they are encrypted: a stolen table is useless without SECRET_KEY (PW-4).
 */
export function sealImportedHash(keys: SecretKeys, text: string): string {
  const sealed = keys.seal('imported-hash-seal', importedContext, Buffer.from(text));
  return `${importedPrefix}${Buffer.from(sealed).toString('base64url')}`;
}

/** The same hash sealed under today's key; null where it is already. */
export function resealImportedHash(
  keys: SecretKeys,
  { stored, text }: { stored: string; text: string },
): string | null {
  const fresh = sealImportedHash(keys, text);
  const keyId = (sealed: string): string =>
    Buffer.from(sealed.slice(importedPrefix.length), 'base64url').toString('hex', 0, keyIdBytes);
  return keyId(fresh) === keyId(stored) ? null : fresh;
}

/** Null where it was sealed under a key no longer in force, or is damaged. */
export function openImportedHash(keys: SecretKeys, stored: string): string | null {
  const sealed = Buffer.from(stored.slice(importedPrefix.length), 'base64url');
  return keys.open('imported-hash-seal', importedContext, sealed)?.toString() ?? null;
}
