import type { Context } from '../../context.ts';
import { actsAsUser } from '../caller/rules.ts';
import { type UserView, viewUser } from '../users/user-view.ts';

/** The signed-in user as they see themselves; null for any other caller. */
export async function me({ viewer }: Context): Promise<UserView | null> {
  return actsAsUser(viewer) ? viewUser(viewer.session.user, 'self') : null;
}
