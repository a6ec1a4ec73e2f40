import type { SecretKeys } from '../../secret-keys.ts';

type Owner = { readonly userId: string; readonly authenticatorId: string };

/**
 * Seals a secret so that it opens only for this user and this authenticator: a row copied to
 * another user is worthless (DP-1).
 */
export function sealTotpSecret(keys: SecretKeys, owner: Owner, secret: Uint8Array): Uint8Array {
  return keys.seal('totp-seal', contextOf(owner), secret);
}

/** Null where it was not sealed for this owner by a key in force, or was altered. */
export function openTotpSecret(
  keys: SecretKeys,
  owner: Owner,
  sealed: Uint8Array,
): Uint8Array | null {
  return keys.open('totp-seal', contextOf(owner), sealed);
}

function contextOf({ userId, authenticatorId }: Owner): string {
  return `totp\n${userId}\n${authenticatorId}`;
}
