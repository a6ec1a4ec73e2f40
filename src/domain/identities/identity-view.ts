import type { App } from '../../app.ts';
import type { IdentityRow } from '../../db/tables/identities.ts';

/** A provider as a page shows it. */
export type IdentityProviderView = {
  readonly id: string;
  readonly name: string;
  readonly kind: 'OIDC' | 'OAUTH2';
};

/** A linked account as its user, and an administrator, see it. */
export type IdentityView = {
  readonly kind: 'identity';
  readonly id: string;
  readonly provider: IdentityProviderView;
  readonly label: string | null;
  readonly createdAt: Date;
  readonly lastUsedAt: Date | null;
};

export function viewIdentity(ctx: Pick<App, 'config'>, row: IdentityRow): IdentityView {
  return {
    kind: 'identity',
    id: row.id,
    provider: viewProvider(ctx, row.providerId),
    label: row.label,
    createdAt: row.createdAt,
    lastUsedAt: row.lastUsedAt,
  };
}

/** One that has left the file is shown by its id: the user may still unlink it. */
export function viewProvider({ config }: Pick<App, 'config'>, id: string): IdentityProviderView {
  const provider = config.identityProviders.find((each) => each.id === id);
  return {
    id,
    name: provider?.name ?? id,
    kind: provider?.kind === 'oauth2' ? 'OAUTH2' : 'OIDC',
  };
}
