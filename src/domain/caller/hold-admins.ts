import type { Context } from '../../context.ts';
import type { Db } from '../../db/driver/client.ts';
import { holdAdmins as holdRows } from '../../db/queries/user-administration.ts';
import { AuthError } from '../../errors.ts';
import { requireViewer } from './require-step-up.ts';

/**
 * The ids of the administrators, whose rows are locked until the transaction ends. Throws FORBIDDEN
 * where the caller is none of them any more. SECURITY: lock them before all other rows, and check
 * the caller's session after the last row that the change waits for (assertSessionLives).
 */
export async function holdAdmins(
  ctx: Pick<Context, 'viewer'>,
  { db }: { readonly db: Db },
): Promise<string[]> {
  const adminIds = await holdRows(db);
  if (!adminIds.includes(requireViewer(ctx).userId)) throw new AuthError('FORBIDDEN');
  return adminIds;
}
