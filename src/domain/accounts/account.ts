import type { Context } from '../../context.ts';
import { listIdentities } from '../../db/queries/identities.ts';
import { listPasskeys } from '../../db/queries/passkeys.ts';
import type { Metadata } from '../../db/tables/user-metadata.ts';
import { requireViewer } from '../caller/require-step-up.ts';
import { type IdentityView, viewIdentity } from '../identities/identity-view.ts';
import { mostIdentities } from '../identities/rules.ts';
import { metadataOf } from '../metadata/metadata-of.ts';
import { mostPasskeys } from '../passkeys/offer-passkey.ts';
import { type PasskeyView, viewPasskey } from '../passkeys/passkey-view.ts';
import { type PasskeySignals, signalsOf } from '../passkeys/signals.ts';
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

/** What the caller's apps keep for them; an empty object where they never did. */
export async function preferences(ctx: Context): Promise<Metadata> {
  const { userId } = requireViewer(ctx);
  const [row] = await metadataOf(ctx, { userIds: [userId] });
  return row?.preferences ?? {};
}

/** The caller's passkeys, the oldest first; those of another RP ID too, to be removed. */
export async function passkeys(ctx: Context): Promise<PasskeyView[]> {
  const { userId } = requireViewer(ctx);
  return (await listPasskeys(ctx.db, { userId, limit: mostPasskeys })).map(viewPasskey);
}

/** What the caller's password manager should know; null where there is nothing to tell. */
export async function passkeySignals(ctx: Context): Promise<PasskeySignals | null> {
  const { userId, session } = requireViewer(ctx);
  if (!ctx.config.passkeys.enabled) return null;
  const rows = await listPasskeys(ctx.db, { userId, limit: mostPasskeys });
  return signalsOf(ctx, { user: session.user, rows });
}

/** The caller's linked accounts, the oldest first; of disabled providers too, to be removed. */
export async function identities(ctx: Context): Promise<IdentityView[]> {
  const { userId } = requireViewer(ctx);
  const rows = await listIdentities(ctx.db, { userId, limit: mostIdentities });
  return rows.map((row) => viewIdentity(ctx, row));
}
