import { validate as isUuid } from 'uuid';
import type { Context } from '../../context.ts';
import { findUserById } from '../../db/queries/users.ts';
import { type UserView, viewUser } from '../users/user-view.ts';
import { requireAdminToLook } from './require-admin.ts';

/** One user, for administrators; null where there is none. Throws FORBIDDEN. */
export async function findUser(
  ctx: Context,
  { id }: { readonly id: string },
): Promise<UserView | null> {
  requireAdminToLook(ctx);
  const user = isUuid(id) ? await findUserById(ctx.db, { id }) : null;
  return user && viewUser(user, 'admin');
}
