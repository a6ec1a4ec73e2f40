import type { App } from '../../app.ts';
import type { PasskeyRow } from '../../db/tables/passkeys.ts';
import type { UserRow } from '../../db/tables/users.ts';
import { isUsable } from './rules.ts';
import { writeBytes } from './write-bytes.ts';

/** For signalAllAcceptedCredentials and signalCurrentUserDetails. */
export type PasskeySignals = {
  readonly kind: 'passkey-signals';
  readonly rpId: string;
  readonly userId: string;
  readonly credentialIds: string[];
  readonly name: string;
  readonly displayName: string;
};

type Owner = Pick<UserRow, 'passkeyHandle' | 'email' | 'name'>;

/**
 * What a password manager should know of the user's passkeys; null for a user who never had one.
 * SECURITY: `rows` are all of them: it takes away what is left out.
 */
export function signalsOf(
  { config }: Pick<App, 'config'>,
  { user, rows }: { user: Owner; rows: readonly PasskeyRow[] },
): PasskeySignals | null {
  const { rpId } = config.passkeys;
  if (user.passkeyHandle === null) return null;
  return {
    kind: 'passkey-signals',
    rpId,
    userId: writeBytes(user.passkeyHandle),
    credentialIds: rows
      .filter((row) => isUsable(row, rpId))
      .map(({ credentialId }) => writeBytes(credentialId)),
    ...namesOf(user),
  };
}

/** How a password manager shows the user, at the registration and in signals alike. */
export function namesOf({ email, name }: Pick<UserRow, 'email' | 'name'>) {
  return { name: email, displayName: name ?? email };
}
