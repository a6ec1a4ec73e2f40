import type { Context } from '../../context.ts';
import { requireViewer } from '../caller/require-step-up.ts';
import { countRecoveryCodes } from '../recovery-codes/count-recovery-codes.ts';
import { type UserView, viewUser } from '../users/user-view.ts';

export type Account = {
  readonly user: UserView;
  readonly hasPassword: boolean;
  readonly passwordChangedAt: Date | null;
  readonly totpEnabled: boolean;
  readonly totpEnabledAt: Date | null;
  readonly locale: string | null;
};

/** The caller's own private settings, from the row already read for this request. */
export async function account(ctx: Context): Promise<Account> {
  const { user } = requireViewer(ctx).session;
  return {
    user: viewUser(user, 'self'),
    hasPassword: user.passwordHash !== null,
    // The row also keeps when a password was taken away.
    passwordChangedAt: user.passwordHash === null ? null : user.passwordChangedAt,
    totpEnabled: user.totpEnabledAt !== null,
    totpEnabledAt: user.totpEnabledAt,
    locale: user.locale,
  };
}

/** How many of the caller's recovery codes would work now; 0 without an authenticator app. */
export async function recoveryCodesLeft(ctx: Context): Promise<number> {
  const { user } = requireViewer(ctx).session;
  return user.totpEnabledAt === null ? 0 : countRecoveryCodes(ctx, { db: ctx.db, userId: user.id });
}
