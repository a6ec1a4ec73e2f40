import type { CustomFetch } from 'openid-client';
import type { IdentityProvider, OAuth2Endpoints } from '../../config/identity-providers.ts';
import type { ProviderAnswer, ProviderFlow } from '../../ports.ts';
import { clientAuthentication } from './client-authentication.ts';
import { loadOpenIdClient, type OpenIdClient } from './library.ts';
import { s256 } from './openid-connect.ts';
import { type Claims, isTrusted, readAddress, readLine, readSubject } from './provider-claims.ts';
import { isWord, ProviderFault } from './provider-fault.ts';

/** A provider of OAuth 2 alone, with what one call of it needs. */
export type OAuth2Call = {
  readonly provider: IdentityProvider;
  readonly endpoints: OAuth2Endpoints;
  readonly fetch: CustomFetch;
  readonly now: Date;
  readonly allowPrivate: boolean;
};

/** RFC 6749 4.1.1. It knows no nonce; the code is bound by PKCE, and the callback by the state. */
export function oauth2AuthorizationUrl(
  { provider, endpoints }: OAuth2Call,
  flow: ProviderFlow & { readonly loginHint: string | null },
): string {
  const url = new URL(endpoints.authorizationUrl);
  const parameters = {
    response_type: 'code',
    client_id: provider.clientId,
    redirect_uri: flow.redirectUri,
    scope: provider.scopes.join(' '),
    state: flow.state,
    ...(endpoints.usesPkce
      ? { code_challenge: s256(flow.codeVerifier), code_challenge_method: 'S256' }
      : {}),
    ...(flow.loginHint === null ? {} : { login_hint: flow.loginHint }),
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url.href;
}

/** Spends the code, and asks the provider's API who its user is. */
export async function redeemByOAuth2(
  call: OAuth2Call,
  flow: ProviderFlow & { readonly parameters: URLSearchParams },
): Promise<ProviderAnswer> {
  const library = await loadOpenIdClient();
  const { endpoints } = call;
  const token = await accessToken(library, call, flow);
  const profile = await ask(library, call, { url: endpoints.userinfoUrl, token, of: 'userinfo' });
  if (!isObject(profile)) throw new ProviderFault('userinfo: no JSON object');
  const emails =
    endpoints.emailsUrl === null
      ? null
      : await ask(library, call, { url: endpoints.emailsUrl, token, of: 'emails' });
  return answerOf(call, profile, emails);
}

async function accessToken(
  library: OpenIdClient,
  { provider, endpoints, fetch, now, allowPrivate }: OAuth2Call,
  flow: ProviderFlow & { readonly parameters: URLSearchParams },
): Promise<string> {
  const { oauth } = library;
  const server = { issuer: provider.issuer, token_endpoint: endpoints.tokenUrl };
  const client = { client_id: provider.clientId };
  const parameters = new URLSearchParams(flow.parameters);
  // Our name for the provider need not be what it calls itself, and it is not known to promise any
  // (RFC 9207 2.4): the callback's path is its own.
  parameters.delete('iss');
  const response = await oauth.authorizationCodeGrantRequest(
    server,
    client,
    await clientAuthentication(library, provider, { methods: ['client_secret_post'], now }),
    oauth.validateAuthResponse(server, client, parameters, flow.state),
    flow.redirectUri,
    endpoints.usesPkce ? flow.codeVerifier : oauth.nopkce,
    { [oauth.customFetch]: fetch, [oauth.allowInsecureRequests]: allowPrivate },
  );
  await refuseError(response.clone());
  const tokens = await oauth.processAuthorizationCodeResponse(server, client, response);
  return tokens.access_token;
}

/** GitHub says what is wrong with status 200; the library would miss the token and no more. */
async function refuseError(response: Response): Promise<void> {
  const body: unknown = response.status === 200 ? await response.json().catch(() => null) : null;
  const error = isObject(body) ? body['error'] : undefined;
  if (error === undefined) return;
  throw new ProviderFault(`token endpoint: ${isWord(error) ? error : 'an error'}`);
}

async function ask(
  { oauth }: OpenIdClient,
  { fetch, allowPrivate }: OAuth2Call,
  { url, token, of }: { readonly url: string; readonly token: string; readonly of: string },
): Promise<unknown> {
  const headers = new Headers({ accept: 'application/json' });
  const response = await oauth.protectedResourceRequest(token, 'GET', new URL(url), headers, null, {
    [oauth.customFetch]: fetch,
    [oauth.allowInsecureRequests]: allowPrivate,
  });
  if (response.status !== 200) throw new ProviderFault(`${of}: status ${response.status}`);
  try {
    return await response.json();
  } catch {
    throw new ProviderFault(`${of}: no JSON`);
  }
}

function answerOf(
  { provider, endpoints }: OAuth2Call,
  profile: Claims,
  emails: unknown,
): ProviderAnswer {
  const { members, emailsUrl } = endpoints;
  // SECURITY: the address of a profile is what its owner wrote there; the list has who proved it.
  const claimed =
    emailsUrl === null
      ? { email: member(profile, members.email), verified: member(profile, members.emailVerified) }
      : primaryOf(emails);
  const email = readAddress(claimed.email);
  const name = readLine(member(profile, members.name));
  return {
    issuer: provider.issuer,
    subject: readSubject(member(profile, members.subject)),
    email,
    emailVerified: isTrusted(provider, email, claimed.verified),
    name,
    label: readLine(member(profile, members.label)) ?? email ?? name,
    // OAuth 2 says nothing of how its user signed in.
    provesSecondFactor: false,
  };
}

/** The primary one of a list as GitHub's. */
function primaryOf(emails: unknown): { readonly email: unknown; readonly verified: unknown } {
  if (!Array.isArray(emails)) throw new ProviderFault('emails: no list');
  const entries: readonly unknown[] = emails;
  const primary = entries.filter(isObject).find((entry) => entry['primary'] === true);
  return { email: primary?.['email'], verified: primary?.['verified'] };
}

/** A member of a profile by its name, or by names with dots between for one within another. */
function member(profile: Claims, path: string): unknown {
  return path.split('.').reduce<unknown>((value, name) => {
    return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
  }, profile);
}

function isObject(value: unknown): value is Claims {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
