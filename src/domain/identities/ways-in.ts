import type { App } from '../../app.ts';
import type { IdentityRow } from '../../db/tables/identities.ts';
import type { PasskeyRow } from '../../db/tables/passkeys.ts';
import type { UserRow } from '../../db/tables/users.ts';
import { AuthError } from '../../errors.ts';
import { isWayIn } from '../passkeys/rules.ts';

/** What may sign a user in by itself. A mailbox may not: it proves no factor (OT-9). */
export type WaysIn = {
  readonly user: Pick<UserRow, 'passwordHash'>;
  readonly passkeys: readonly Pick<PasskeyRow, 'id' | 'rpId' | 'uvInitialized'>[];
  readonly identities: readonly Pick<IdentityRow, 'id' | 'providerId'>[];
};

type Rules = { readonly rpId: string; readonly providers: readonly string[] };

/**
 * Whether the passkey or identity `id` is the last way into the account (PK-8): a password, a
 * passkey that verifies its user, or an account at a provider that may be used now.
 */
export function isLastWayIn(ways: WaysIn, id: string, { rpId, providers }: Rules): boolean {
  if (ways.user.passwordHash !== null) return false;
  const open = [
    ...ways.passkeys.filter((row) => isWayIn(row, rpId)),
    ...ways.identities.filter(({ providerId }) => providers.includes(providerId)),
  ];
  return open.length > 0 && open.every((way) => way.id === id);
}

/** Throws CONFLICT. */
export function assertNotLastWayIn(
  { config, identityProviders }: Pick<App, 'config' | 'identityProviders'>,
  ways: WaysIn,
  id: string,
): void {
  const { rpId } = config.passkeys;
  const providers = identityProviders.list().map((provider) => provider.id);
  if (!isLastWayIn(ways, id, { rpId, providers })) return;
  throw new AuthError('CONFLICT', {
    message:
      'This is the last way into the account: set a password, add a passkey or link another ' +
      'account first.',
  });
}
