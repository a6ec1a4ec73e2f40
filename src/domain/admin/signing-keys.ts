import type { Context } from '../../context.ts';
import { listSigningKeys } from '../signing-keys/list-signing-keys.ts';
import { requireAdminToLook } from './require-admin.ts';

/** A key that signs, will sign or still verifies, without its private part. */
export type SigningKeyInUse = {
  readonly id: string;
  readonly algorithm: string;
  readonly createdAt: Date;
  readonly activeFrom: Date;
  readonly expiresAt: Date | null;
  readonly current: boolean;
  readonly standby: boolean;
};

/** The signing keys in use, newest first. Throws FORBIDDEN. */
export async function signingKeys(ctx: Context): Promise<SigningKeyInUse[]> {
  requireAdminToLook(ctx);
  const keys = await listSigningKeys(ctx);
  return keys
    .filter(({ state }) => state !== 'expired' && state !== 'removed')
    .map(({ kid, algorithm, state, createdAt, activeFrom, expiresAt }) => ({
      id: kid,
      algorithm,
      createdAt,
      activeFrom,
      expiresAt,
      current: state === 'active',
      standby: state === 'standby',
    }));
}
