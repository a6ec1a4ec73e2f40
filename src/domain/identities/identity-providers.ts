import type { App } from '../../app.ts';
import type { IdentityProvider } from '../../config/identity-providers.ts';
import type { Egress } from '../../egress/egress.ts';
import { AuthError } from '../../errors.ts';
import type { IdentityProviders } from '../../ports.ts';
import { createDiscovery } from './discovery.ts';
import { type OAuth2Call, oauth2AuthorizationUrl, redeemByOAuth2 } from './oauth2.ts';
import {
  type KeptKeys,
  type OpenIdCall,
  openIdAuthorizationUrl,
  redeemByOpenId,
} from './openid-connect.ts';
import { type Deadline, fetchWithin, startDeadline } from './provider-calls.ts';
import { isDenied, ProviderFault, ruleOf } from './provider-fault.ts';
import { verifyNativeIdToken } from './verify-id-token.ts';

type Parts = Pick<App, 'config' | 'clock' | 'log'> & { readonly egress: Egress };

/** The providers of the configuration. Makes no call and loads no library until one is used. */
export function createIdentityProviders(parts: Parts): IdentityProviders {
  const { config, clock, egress } = parts;
  const enabled = config.identityProviders.filter((provider) => provider.enabled);
  const discovery = createDiscovery(parts);
  const keys = new Map<string, KeptKeys>();
  const allowPrivate = config.identityAllowPrivate;

  const openIdCall = async (
    provider: IdentityProvider,
    deadline: Deadline,
  ): Promise<OpenIdCall> => {
    const metadata = await discovery.metadataOf(provider, deadline);
    const kept = keys.get(provider.id) ?? { ofFlows: null, ofIdTokens: {} };
    keys.set(provider.id, kept);
    const fetch = fetchWithin(egress, deadline);
    return { provider, metadata, fetch, keys: kept, now: clock.now(), allowPrivate };
  };
  const oauth2Call = (provider: IdentityProvider, deadline: Deadline): OAuth2Call | null => {
    const { oauth2: endpoints } = provider;
    const fetch = fetchWithin(egress, deadline);
    return endpoints && { provider, endpoints, fetch, now: clock.now(), allowPrivate };
  };
  return {
    list: () => enabled,
    find: (id) => enabled.find((provider) => provider.id === id) ?? null,
    authorizationUrl: (provider, flow) =>
      orRefuse(parts, provider, async (deadline) => {
        const plain = oauth2Call(provider, deadline);
        if (plain) return oauth2AuthorizationUrl(plain, flow);
        return openIdAuthorizationUrl(await openIdCall(provider, deadline), flow);
      }),
    redeem: (provider, flow) =>
      orRefuse(parts, provider, async (deadline) => {
        const plain = oauth2Call(provider, deadline);
        if (plain) return redeemByOAuth2(plain, flow);
        return redeemByOpenId(await openIdCall(provider, deadline), flow);
      }),
    verifyIdToken: (provider, token) =>
      orRefuse(parts, provider, async (deadline) => {
        if (provider.kind !== 'oidc') throw new ProviderFault('no OpenID Connect');
        return verifyNativeIdToken(await openIdCall(provider, deadline), token);
      }),
  };
}

/** Whatever goes wrong with a provider is one refusal, and a log line with the rule. */
async function orRefuse<Result>(
  { log }: Parts,
  provider: IdentityProvider,
  run: (deadline: Deadline) => Promise<Result>,
): Promise<Result> {
  try {
    return await run(startDeadline());
  } catch (error) {
    const line = { event: 'identity.provider_refused', provider: provider.id, rule: ruleOf(error) };
    if (isDenied(error)) log.info(line, 'A user said no at another provider.');
    else log.warn(line, 'What another provider answered was refused.');
    // SECURITY: without its cause, which quotes tokens (ID-18).
    throw new AuthError('PROVIDER_REFUSED');
  }
}
