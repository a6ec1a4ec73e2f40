import { createHash } from 'node:crypto';
import type { JWKSCacheInput } from 'jose';
import type { Configuration, CustomFetch, ExportedJWKSCache } from 'openid-client';
import { systemClock } from '../../clock.ts';
import type { IdentityProvider } from '../../config/identity-providers.ts';
import type { ProviderAnswer, ProviderFlow } from '../../ports.ts';
import { clientAuthentication } from './client-authentication.ts';
import { loadOpenIdClient, type OpenIdClient } from './library.ts';
import { type Metadata, tenantPlaceholder } from './metadata.ts';
import { answerOfClaims, type Claims, checkIdToken } from './provider-claims.ts';
import { ProviderFault } from './provider-fault.ts';

/**
 * A provider's published keys, as each library keeps them: for five minutes, and asked for again at
 * most once a minute for a key that is not among them.
 */
export type KeptKeys = { ofFlows: ExportedJWKSCache | null; readonly ofIdTokens: JWKSCacheInput };

/** A provider of OpenID Connect, with what one call of it needs. */
export type OpenIdCall = {
  readonly provider: IdentityProvider;
  readonly metadata: Metadata;
  readonly fetch: CustomFetch;
  readonly keys: KeptKeys;
  readonly now: Date;
  readonly allowPrivate: boolean;
};

/** RFC 7636 4.2. */
export function s256(codeVerifier: string): string {
  return createHash('sha256').update(codeVerifier).digest('base64url');
}

export async function openIdAuthorizationUrl(
  call: OpenIdCall,
  flow: ProviderFlow & { readonly loginHint: string | null },
): Promise<string> {
  const library = await loadOpenIdClient();
  const { provider } = call;
  return library.openid.buildAuthorizationUrl(await configure(library, call), {
    redirect_uri: flow.redirectUri,
    scope: provider.scopes.join(' '),
    state: flow.state,
    nonce: flow.nonce,
    code_challenge: s256(flow.codeVerifier),
    code_challenge_method: 'S256',
    ...(provider.responseMode === 'form_post' ? { response_mode: 'form_post' } : {}),
    ...(flow.loginHint === null ? {} : { login_hint: flow.loginHint }),
  }).href;
}

/** Spends the code, and asks userinfo for an address that the ID token does not have. */
export async function redeemByOpenId(
  call: OpenIdCall,
  flow: ProviderFlow & { readonly parameters: URLSearchParams },
): Promise<ProviderAnswer> {
  const library = await loadOpenIdClient();
  const { openid } = library;
  const { provider, metadata } = call;
  const configuration = await configure(library, call);
  if (call.keys.ofFlows) openid.setJwksCache(configuration, call.keys.ofFlows);
  try {
    // The library takes the redirect URI from the address of the callback.
    const callback = new URL(flow.redirectUri);
    callback.search = flow.parameters.toString();
    const tokens = await openid.authorizationCodeGrant(configuration, callback, {
      expectedState: flow.state,
      expectedNonce: flow.nonce,
      pkceCodeVerifier: flow.codeVerifier,
      idTokenExpected: true,
    });
    const claims: Claims | undefined = tokens.claims();
    if (!claims) throw new ProviderFault('no ID token');
    checkIdToken(claims, { provider, clientIds: [provider.clientId], now: call.now });
    const profile =
      claims['email'] === undefined && metadata.userinfo_endpoint !== undefined
        ? // ID-5: it is refused unless its subject is the ID token's.
          await openid.fetchUserInfo(configuration, tokens.access_token, `${claims['sub']}`)
        : claims;
    return answerOfClaims(provider, claims, profile);
  } finally {
    call.keys.ofFlows = openid.getJwksCache(configuration) ?? null;
  }
}

/**
 * The library's client, made anew for each call: it has the difference of the clocks, and a secret
 * of Apple's kind. Its discovery reads the document that is kept.
 */
async function configure(
  library: OpenIdClient,
  { provider, metadata, fetch, now, allowPrivate }: OpenIdCall,
): Promise<Configuration> {
  const { openid } = library;
  const methods = metadata.token_endpoint_auth_methods_supported ?? null;
  const skew = Math.round((now.getTime() - systemClock.now().getTime()) / 1000);
  // The library knows Microsoft's tenants by the address, and then takes `iss` of any (ID-4:
  // checkIdToken).
  const server = new URL(provider.issuer.replace(tenantPlaceholder, 'common'));
  const configuration = await openid.discovery(
    server,
    provider.clientId,
    { [openid.clockSkew]: skew },
    await clientAuthentication(library, provider, { methods, now }),
    {
      [openid.customFetch]: async () => Response.json(metadata),
      execute: [
        // SECURITY: without it, a token signed by any other key is taken (OpenID Connect Core
        // 3.1.3.7, 6).
        openid.enableNonRepudiationChecks,
        ...(allowPrivate ? [openid.allowInsecureRequests] : []),
      ],
    },
  );
  configuration[openid.customFetch] = fetch;
  return configuration;
}
