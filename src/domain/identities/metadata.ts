import type { IdentityProvider } from '../../config/identity-providers.ts';
import { ProviderFault } from './provider-fault.ts';

/** What is used of a provider's discovery document (OpenID Connect Discovery 1.0, 3). */
export type Metadata = {
  readonly issuer: string;
  readonly authorization_endpoint: string;
  readonly token_endpoint: string;
  readonly jwks_uri: string;
  readonly userinfo_endpoint?: string;
  readonly token_endpoint_auth_methods_supported?: string[];
  readonly id_token_signing_alg_values_supported: string[];
  readonly userinfo_signing_alg_values_supported: string[];
  readonly authorization_response_iss_parameter_supported: boolean;
};

/**
 * SECURITY: no `none` and no HMAC, whose key is the client secret or, by a mistake, the public key
 * (ID-4; RFC 8725 3.1).
 */
export const signatureAlgorithms: readonly string[] = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
];

/** Stands in an issuer of Microsoft's for the tenant whose users sign in. */
export const tenantPlaceholder = '{tenantid}';

/** In the list of tenants: all of them, and personal accounts. */
export const anyTenant = '*';

/** The address that a browser or a server asks in place of one tenant's. */
export function discoveryIssuer({ issuer }: IdentityProvider): string {
  return issuer.replace(tenantPlaceholder, 'common').replace(/\/$/, '');
}

/**
 * Reads a discovery document and throws for what may not be: another issuer than the configured
 * one (Discovery 4.3), a token endpoint at a host that may not get the client secret (ID-16), plain
 * http unless this machine's own is allowed.
 */
export function readMetadata(
  document: Readonly<Record<string, unknown>>,
  { provider, allowPrivate }: { provider: IdentityProvider; allowPrivate: boolean },
): Metadata {
  if (document['issuer'] !== provider.issuer)
    throw new ProviderFault('discovery: another issuer than the configured one');
  const endpoint = (name: string): string => {
    const value = document[name];
    const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : null;
    const isFine = url?.protocol === 'https:' || (allowPrivate && url?.protocol === 'http:');
    if (!url || !isFine) throw new ProviderFault(`discovery: ${name}`);
    return url.href;
  };
  const token = endpoint('token_endpoint');
  if (!mayGetSecret(provider, token))
    throw new ProviderFault('discovery: host of token_endpoint, which tokenHosts does not name');
  const methods = texts(document['token_endpoint_auth_methods_supported']);
  const iss = document['authorization_response_iss_parameter_supported'];
  return {
    issuer: provider.issuer,
    authorization_endpoint: endpoint('authorization_endpoint'),
    token_endpoint: token,
    jwks_uri: endpoint('jwks_uri'),
    ...(document['userinfo_endpoint'] === undefined
      ? {}
      : { userinfo_endpoint: endpoint('userinfo_endpoint') }),
    ...(methods === null ? {} : { token_endpoint_auth_methods_supported: methods }),
    id_token_signing_alg_values_supported: algorithmsOf(document),
    userinfo_signing_alg_values_supported: [...signatureAlgorithms],
    authorization_response_iss_parameter_supported: iss === true,
  };
}

/** SECURITY: the operator gave the secret to this issuer, not to whatever its document names. */
function mayGetSecret(provider: IdentityProvider, tokenEndpoint: string): boolean {
  const { host } = new URL(tokenEndpoint);
  return host === new URL(discoveryIssuer(provider)).host || provider.tokenHosts.includes(host);
}

function algorithmsOf(document: Readonly<Record<string, unknown>>): string[] {
  const named = texts(document['id_token_signing_alg_values_supported']) ?? ['RS256'];
  const allowed = named.filter((alg) => signatureAlgorithms.includes(alg));
  if (allowed.length === 0) throw new ProviderFault('discovery: no algorithm that is taken');
  return allowed;
}

function texts(value: unknown): string[] | null {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : null;
}
