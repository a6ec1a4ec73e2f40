import type { App } from '../app.ts';
import type { Viewer } from '../context.ts';
import { isGatewayToken } from '../domain/access-tokens/is-gateway-token.ts';
import { requireStepUp } from '../domain/sessions/require-step-up.ts';
import { AuthError } from '../errors.ts';
import { authenticate } from './authenticate.ts';

/** Who may introspect and revoke: a service that knows GATEWAY_TOKEN, or an admin. */
export type ServiceCaller = { readonly kind: 'service' } | { readonly kind: 'admin'; readonly viewer: Viewer };

/**
 * The caller of a route for services, by its Authorization header: GATEWAY_TOKEN as Bearer or as Basic password (the user name says
 * nothing), or an admin's access token. Throws UNAUTHENTICATED for anyone else (ADV-12), STEP_UP_REQUIRED for an admin without a
 * recent proof. Without GATEWAY_TOKEN there are admins only.
 */
export async function requireService(app: App, header: string | undefined): Promise<ServiceCaller> {
  if (secretsIn(header ?? '').some((secret) => isGatewayToken(app, secret))) return { kind: 'service' };
  const found = await authenticate(app, header);
  if (found.kind !== 'signed-in' || !found.viewer.roles.includes('admin')) throw new AuthError('UNAUTHENTICATED');
  return { kind: 'admin', viewer: requireStepUp({ ...app, viewer: found.viewer }) };
}

/** Every secret that a header may mean: by RFC 6749 2.3.1 a Basic password is form-encoded, and many clients do not. */
function secretsIn(header: string): string[] {
  const [, scheme = '', credential = ''] = /^(Bearer|Basic) +(\S+) *$/i.exec(header) ?? [];
  if (scheme.toLowerCase() === 'bearer') return [credential];
  const pair = Buffer.from(credential, 'base64').toString();
  const separator = pair.indexOf(':');
  if (separator === -1) return [];
  const password = pair.slice(separator + 1);
  try {
    return [password, decodeURIComponent(password.replaceAll('+', ' '))];
  } catch {
    return [password];
  }
}
