import type { App } from '../../app.ts';
import type { IdentityProvider } from '../../config/identity-providers.ts';
import { AuthError } from '../../errors.ts';

/**
 * The provider, where it may be used now. SECURITY: asked at every step, since the operator may
 * have disabled it meanwhile (ID-13, ADV-69). Throws PROVIDER_REFUSED.
 */
export function requireProvider(
  { identityProviders }: Pick<App, 'identityProviders'>,
  id: string,
): IdentityProvider {
  const provider = identityProviders.find(id);
  if (provider) return provider;
  throw new AuthError('PROVIDER_REFUSED', { message: 'There is no such provider here.' });
}

/** The same for one whose ID tokens apps may bring themselves (ID-17). Throws PROVIDER_REFUSED. */
export function requireNativeProvider(
  app: Pick<App, 'identityProviders'>,
  id: string,
): IdentityProvider {
  const provider = requireProvider(app, id);
  if (provider.nativeClientIds.length > 0) return provider;
  throw new AuthError('PROVIDER_REFUSED', { message: 'This provider takes no ID tokens here.' });
}
