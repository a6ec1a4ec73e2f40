import type { Config } from '../config.ts';
import { sameBytes, sha256 } from '../secret-keys.ts';

/** Authorization belongs to the user for whom a gateway speaks, so it shows itself in a header of its own (contract.md). */
export const gatewayHeader = 'x-gateway-token';

/** Whether a request shows GATEWAY_TOKEN. Where none is configured nothing does. */
export function showsGatewayToken(config: Pick<Config, 'gatewayToken'>, shown: string | undefined): boolean {
  if (config.gatewayToken === null || shown === undefined) return false;
  // SECURITY: hashes are compared, in constant time, so that not even the length shows (ASVS 11.2.4).
  return sameBytes(sha256(shown), sha256(config.gatewayToken));
}
