import type { SecretKeys } from '../../secret-keys.ts';

/**
 * What users.password_hash holds: `bcrypt-hmac-sha256.<pepper key id>$2b$12$…`. The scheme and the
 * pepper's version stand in the string, so that both can change a row at a time (PW-14, PW-15).
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

/** The parts of a stored hash, or null where it is not one of ours or is damaged. */
export function parseStoredHash(stored: string): (StoredHash & { readonly cost: number }) | null {
  const match = pattern.exec(stored);
  const [, pepperId, bcrypt, cost] = match ?? [];
  if (pepperId === undefined || bcrypt === undefined || cost === undefined) return null;
  // bcrypt takes 4 to 31, and answers anything else with a quick "no" (PW-17).
  if (Number(cost) < 4 || Number(cost) > 31) return null;
  return { scheme, pepperId, bcrypt, cost: Number(cost) };
}

/**
 * What bcrypt is given: base64 of an HMAC-SHA256 under the pepper, 44 characters whatever the
 * password's length (PW-3, PW-4). SECURITY: not a raw digest (it may hold NUL) and not an unkeyed
 * one (stolen SHA-256 lists could be tried against it).
 */
export function bcryptInput(
  keys: SecretKeys,
  password: string,
): { pepperId: string; input: string } {
  const { keyId, mac } = keys.mac('password-pepper', password);
  return { pepperId: keyId, input: mac.toString('base64') };
}

/** The same under the pepper of a stored hash; null where that pepper is no longer known. */
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
 * What users.password_hash holds of another system's hash until the first sign-in. Such hashes know
 * no pepper, so they are sealed: a stolen table is of no use without SECRET_KEY (PW-4).
 */
export function sealImportedHash(keys: SecretKeys, text: string): string {
  return `${importedPrefix}${Buffer.from(keys.seal('imported-hash-seal', importedContext, Buffer.from(text))).toString('base64url')}`;
}

/** Null where it was sealed under a key that is in force no more, or is damaged. */
export function openImportedHash(keys: SecretKeys, stored: string): string | null {
  const sealed = Buffer.from(stored.slice(importedPrefix.length), 'base64url');
  return keys.open('imported-hash-seal', importedContext, sealed)?.toString() ?? null;
}
