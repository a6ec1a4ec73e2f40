import type { SigningKeyRow } from '../../db/tables/signing-keys.ts';
import { createSecretKeys } from '../../secret-keys.ts';
import type { KeyApp } from './rotate-signing-key.ts';
import { canOpen } from './signing-key.ts';

/**
 * The standby key that may take over: of the configured algorithm, and sealed under the current
 * SECRET_KEY. SECURITY: SECRET_KEY_PREVIOUS does not count, since a standby key that was sealed
 * under it may be known to the attacker for whom the key was changed, and must not outlive it.
 */
export function usableStandby(
  { config }: Pick<KeyApp, 'config'>,
  standbys: readonly SigningKeyRow[],
): SigningKeyRow | undefined {
  const current = createSecretKeys(config.secretKeys.slice(0, 1));
  return standbys.find((row) => row.algorithm === config.jwt.algorithm && canOpen(current, row));
}
