import type { Context } from '../../context.ts';
import { listAdmins } from '../../db/queries/user-administration.ts';
import { type UserView, viewUser } from '../users/user-view.ts';
import { requireAdminToLook } from './require-admin.ts';

/** Administrators that one answer has. */
export const mostAdmins = 200;

/**
 * Everyone with the role `admin`, the oldest account first, those who cannot sign in too. Throws
 * FORBIDDEN.
 */
export async function listAdministrators(ctx: Context): Promise<UserView[]> {
  requireAdminToLook(ctx);
  const rows = await listAdmins(ctx.db, { limit: mostAdmins });
  return rows.map((user) => viewUser(user, 'admin'));
}
