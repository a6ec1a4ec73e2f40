import { createRemoteJWKSet, customFetch, jwksCache, jwtVerify } from 'jose';
import type { ProviderAnswer } from '../../ports.ts';
import { signatureAlgorithms, tenantPlaceholder } from './metadata.ts';
import type { OpenIdCall } from './openid-connect.ts';
import { answerOfClaims, checkIdToken } from './provider-claims.ts';
import { ProviderFault } from './provider-fault.ts';

/** As openid-client's, for what clocks differ by. */
const clockTolerance = 30;

/** Bytes of a token; those of large companies name every group of the user. */
const longest = 16_384;

/**
 * Verifies an ID token that an app got by itself, as one of a code's flow is (OpenID Connect Core
 * 3.1.3.7): for one of the provider's native apps, and with the nonce that was given out (ID-17).
 */
export async function verifyNativeIdToken(
  { provider, metadata, keys, fetch, now }: OpenIdCall,
  { idToken, nonce }: { readonly idToken: string; readonly nonce: string },
): Promise<ProviderAnswer> {
  const { nativeClientIds, issuer } = provider;
  if (nativeClientIds.length === 0) throw new ProviderFault('nativeClientIds: none');
  if (idToken.length > longest) throw new ProviderFault('ID token: too long');
  const published = createRemoteJWKSet(new URL(metadata.jwks_uri), {
    [jwksCache]: keys.ofIdTokens,
    cacheMaxAge: 5 * 60_000,
    cooldownDuration: 60_000,
    [customFetch]: (url, { headers }) =>
      fetch(url, {
        method: 'GET',
        headers: Object.fromEntries(headers),
        body: undefined,
        redirect: 'manual',
      }),
  });
  const { payload } = await jwtVerify(idToken, published, {
    algorithms: metadata.id_token_signing_alg_values_supported.filter((alg) =>
      signatureAlgorithms.includes(alg),
    ),
    audience: [...nativeClientIds],
    requiredClaims: ['exp', 'iat', 'sub', 'iss', 'aud', 'nonce'],
    currentDate: now,
    clockTolerance,
    // Of many tenants' issuers, checkIdToken knows which one the token must name.
    ...(issuer.includes(tenantPlaceholder) ? {} : { issuer }),
  });
  if (payload['nonce'] !== nonce) throw new ProviderFault('nonce');
  const others = Array.isArray(payload.aud) && payload.aud.length > 1;
  if (others && payload['azp'] === undefined) throw new ProviderFault('azp');
  const clientIds = [provider.clientId, ...nativeClientIds];
  checkIdToken(payload, { provider, clientIds, now });
  return answerOfClaims(provider, payload, payload);
}
