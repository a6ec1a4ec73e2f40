import type { Context } from '../../context.ts';
import { requireViewer } from '../sessions/require-step-up.ts';
import { type UserView, viewUser } from './user-view.ts';

export type Account = { readonly user: UserView; readonly hasPassword: boolean; readonly locale: string | null };

/** The caller's own private settings, from the row that was read for this request. */
export async function account(ctx: Context): Promise<Account> {
  const { user } = requireViewer(ctx).session;
  return { user: viewUser(user, 'self'), hasPassword: user.passwordHash !== null, locale: user.locale };
}
