import type { Config } from '../../config/read-config.ts';
import { sameBytes, sha256 } from '../../secret-keys.ts';

/**
 * Whether the caller presented GATEWAY_TOKEN, the credential of services; always false when none is
 * configured.
 */
export function isGatewayToken(
  app: { readonly config: Pick<Config, 'gatewayToken'> },
  given: string,
): boolean {
  const { gatewayToken } = app.config;
  // SECURITY: hashed before the comparison, so that its time reveals neither content nor length.
  return gatewayToken !== null && sameBytes(sha256(given), sha256(gatewayToken));
}
