import type { App } from '../../app.ts';
import type { PasskeyRow } from '../../db/tables/passkeys.ts';
import type { UserRow } from '../../db/tables/users.ts';
import { sameBytes } from '../../secret-keys.ts';
import { providerOf } from '../passkeys/providers.ts';
import { userHandleBytes } from '../passkeys/rules.ts';
import type { ImportedPasskey } from './read-passkeys.ts';

type Importer = Pick<App, 'config' | 'clock' | 'random'>;

/**
 * The user handle of an account with these passkeys: the first that is known, so that they and new
 * ones are one account to a password manager; null without any.
 */
export function handleOf(
  { random }: Pick<App, 'random'>,
  passkeys: readonly ImportedPasskey[],
): Uint8Array | null {
  if (passkeys.length === 0) return null;
  const known = passkeys.map(({ userHandle }) => userHandle).find((handle) => handle !== null);
  return known ?? random.bytes(userHandleBytes);
}

/** The rows of an imported user's passkeys. */
export function passkeyRows(
  { config, clock, random }: Importer,
  user: Pick<UserRow, 'id' | 'passkeyHandle'>,
  passkeys: readonly ImportedPasskey[],
): PasskeyRow[] {
  const now = clock.now();
  return passkeys.map(({ userHandle, ...passkey }) => ({
    ...passkey,
    id: random.id(now),
    userId: user.id,
    rpId: config.passkeys.rpId,
    transports: [...passkey.transports],
    foreignHandle:
      userHandle === null ||
      user.passkeyHandle === null ||
      !sameBytes(userHandle, user.passkeyHandle),
    name: passkey.name ?? providerOf(passkey.aaguid) ?? 'Passkey',
    createdAt: passkey.createdAt ?? now,
    suspectAt: null,
  }));
}
