import { SignJWT } from 'jose';
import type { ClientAuth } from 'openid-client';
import type { ClientSecret, IdentityProvider } from '../../config/identity-providers.ts';
import type { OpenIdClient } from './library.ts';

/** Seconds that a client secret of Apple's kind is good for; Apple takes six months at most. */
const appleSecretLife = 5 * 60;

/**
 * How this server proves to a token endpoint that it is the client (OpenID Connect Core 9). Posted
 * where the provider takes that: by HTTP Basic, not all decode special characters alike.
 */
export async function clientAuthentication(
  { openid }: OpenIdClient,
  provider: IdentityProvider,
  { methods, now }: { readonly methods: readonly string[] | null; readonly now: Date },
): Promise<ClientAuth> {
  if (provider.clientSecret === null) return openid.None();
  const secret = await secretText(provider, provider.clientSecret, now);
  // Discovery 3: where nothing is said, it is Basic.
  const isPosted = methods?.includes('client_secret_post') ?? false;
  return isPosted ? openid.ClientSecretPost(secret) : openid.ClientSecretBasic(secret);
}

async function secretText(
  { issuer, clientId }: IdentityProvider,
  secret: ClientSecret,
  now: Date,
): Promise<string> {
  if (secret.kind === 'text') return secret.value;
  const issuedAt = Math.floor(now.getTime() / 1000);
  return new SignJWT({})
    .setProtectedHeader({ alg: 'ES256', kid: secret.keyId })
    .setIssuer(secret.teamId)
    .setSubject(clientId)
    .setAudience(issuer)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + appleSecretLife)
    .sign(secret.privateKey);
}
