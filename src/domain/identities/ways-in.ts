import type { App } from '../../app.ts';
import type { IdentityProvider } from '../../config/identity-providers.ts';
import type { IdentityRow } from '../../db/tables/identities.ts';
import type { PasskeyRow } from '../../db/tables/passkeys.ts';
import type { UserRow } from '../../db/tables/users.ts';
import { AuthError } from '../../errors.ts';
import { isWayIn } from '../passkeys/rules.ts';
import { anyTenant, tenantPlaceholder } from './metadata.ts';

/** What may sign a user in by itself. A mailbox may not: it proves no factor (OT-9). */
export type WaysIn = {
  readonly user: Pick<UserRow, 'passwordHash'>;
  readonly passkeys: readonly Pick<PasskeyRow, 'id' | 'rpId' | 'uvInitialized'>[];
  readonly identities: readonly Pick<IdentityRow, 'id' | 'providerId' | 'issuer'>[];
};

type Rules = {
  readonly rpId: string;
  /** Those that may be used now. */
  readonly providers: readonly Pick<IdentityProvider, 'id' | 'issuer' | 'tenants'>[];
};

/**
 * Whether the passkey or identity `id` is the last way into the account (PK-8): a password, a
 * passkey that verifies its user, or an account at a provider that may be used now.
 */
export function isLastWayIn(ways: WaysIn, id: string, { rpId, providers }: Rules): boolean {
  if (ways.user.passwordHash !== null) return false;
  const open = [
    ...ways.passkeys.filter((row) => isWayIn(row, rpId)),
    ...ways.identities.filter((row) => providers.some((provider) => vouchesFor(provider, row))),
  ];
  return open.length > 0 && open.every((way) => way.id === id);
}

/** The provider's id alone is not enough: another issuer may have taken its place (ADV-64). */
function vouchesFor(
  { id, issuer, tenants }: Rules['providers'][number],
  identity: Pick<IdentityRow, 'providerId' | 'issuer'>,
): boolean {
  if (identity.providerId !== id) return false;
  if (tenants === null) return identity.issuer === issuer;
  const [before = '', after = ''] = issuer.split(tenantPlaceholder);
  return tenants.includes(anyTenant)
    ? identity.issuer.startsWith(before) && identity.issuer.endsWith(after)
    : tenants.some((tenant) => identity.issuer === `${before}${tenant}${after}`);
}

/** Throws CONFLICT. */
export function assertNotLastWayIn(
  { config, identityProviders }: Pick<App, 'config' | 'identityProviders'>,
  ways: WaysIn,
  id: string,
): void {
  const { rpId } = config.passkeys;
  const providers = identityProviders.list();
  if (!isLastWayIn(ways, id, { rpId, providers })) return;
  throw new AuthError('CONFLICT', {
    message:
      'This is the last way into the account: set a password, add a passkey or link another ' +
      'account first.',
  });
}
