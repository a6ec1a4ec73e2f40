import type { Config } from '../../config/read-config.ts';
import { sameBytes, sha256 } from '../../secret-keys.ts';

/**
 * Whether a caller has shown GATEWAY_TOKEN, the credential of services; never where none is
 * configured.
 */
export function isGatewayToken(
  app: { readonly config: Pick<Config, 'gatewayToken'> },
  given: string,
): boolean {
  const { gatewayToken } = app.config;
  // SECURITY: hashed first, so that neither time nor length says anything.
  return gatewayToken !== null && sameBytes(sha256(given), sha256(gatewayToken));
}
