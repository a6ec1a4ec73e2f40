import { isGatewayToken } from '../../domain/access-tokens/is-gateway-token.ts';
import { requireAdminToChange, requireAdminToLook } from '../../domain/admin/require-admin.ts';
import { AuthError } from '../../errors.ts';
import { authenticate } from '../graphql/authenticate.ts';
import type { RequestContext } from '../graphql/context.ts';

/**
 * Lets a service through that shows GATEWAY_TOKEN, as Bearer or as Basic password (the user name
 * says nothing), and an administrator with an access token; without GATEWAY_TOKEN there are
 * administrators only. An administrator becomes the context's viewer. Throws UNAUTHENTICATED for
 * anyone else (ADV-12), and what requireAdminToLook and requireAdminToChange throw.
 */
export async function requireService(ctx: RequestContext, wish: 'look' | 'change'): Promise<void> {
  const { authorization } = ctx;
  if (secretsIn(authorization ?? '').some((secret) => isGatewayToken(ctx, secret))) return;
  const found = await authenticate(ctx, authorization);
  if (found.kind !== 'signed-in') throw new AuthError('UNAUTHENTICATED');
  ctx.viewer = found.viewer;
  if (wish === 'look') requireAdminToLook(ctx);
  else requireAdminToChange(ctx);
}

/**
 * Every secret that a header may mean: by RFC 6749 2.3.1 a Basic password is form-encoded, and many
 * clients do not.
 */
function secretsIn(header: string): string[] {
  const [, scheme = '', credential = ''] = /^(Bearer|Basic) +(\S+) *$/i.exec(header) ?? [];
  if (scheme.toLowerCase() === 'bearer') return [credential];
  const pair = decodeBase64(credential);
  const separator = pair.indexOf(':');
  if (separator === -1) return [];
  const password = pair.slice(separator + 1);
  try {
    return [password, decodeURIComponent(password.replaceAll('+', ' '))];
  } catch {
    return [password];
  }
}

/** Empty where an encoder would not have written it so; without its padding it is fine. */
function decodeBase64(text: string): string {
  const bytes = Buffer.from(text, 'base64');
  const written = bytes.toString('base64');
  return [written, written.replace(/=+$/, '')].includes(text) ? bytes.toString() : '';
}
