import type { Context } from '../../context.ts';
import { type UserView, viewUser } from '../users/user-view.ts';

/** The signed-in user as they see themselves; null for an anonymous caller. */
export async function me(ctx: Context): Promise<UserView | null> {
  return ctx.viewer ? viewUser(ctx.viewer.session.user, 'self') : null;
}
