import type { App } from '../../app.ts';
import { AuthError } from '../../errors.ts';
import type { IdentityProviders } from '../../ports.ts';

/** The providers of the configuration. Makes no call and loads no library until one is used. */
export function createIdentityProviders({ config }: Pick<App, 'config'>): IdentityProviders {
  const enabled = config.identityProviders.filter((provider) => provider.enabled);
  const notYet = (): never => {
    throw new AuthError('PROVIDER_REFUSED');
  };
  return {
    list: () => enabled,
    find: (id) => enabled.find((provider) => provider.id === id) ?? null,
    authorizationUrl: async () => notYet(),
    redeem: async () => notYet(),
    verifyIdToken: async () => notYet(),
  };
}
