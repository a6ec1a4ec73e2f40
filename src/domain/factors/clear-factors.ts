import type { App } from '../../app.ts';
import type { Db } from '../../db/driver/client.ts';
import { deleteIdentities, deleteIdentitiesSince } from '../../db/queries/identities.ts';
import { deletePasskeys, deletePasskeysSince } from '../../db/queries/passkeys.ts';
import { deleteRecoveryCodes, deleteRecoveryCodesSince } from '../../db/queries/recovery-codes.ts';
import { deleteTotp, deleteTotpSince } from '../../db/queries/totp-authenticators.ts';
import { setTotpEnabledAt } from '../../db/queries/users.ts';
import type { UserRow } from '../../db/tables/users.ts';
import { release } from '../rate-limits/reserve.ts';

type Input = {
  /** The transaction that locks the user's row. */
  readonly db: Db;
  readonly userId: string;
};

/**
 * SECURITY: removes every way to prove a user besides the password and the mailbox, linked accounts
 * too; the only place that knows them all. Returns the number of passkeys and of identities.
 */
export async function clearFactors(
  ctx: Pick<App, 'keys'>,
  { db, userId }: Input,
): Promise<{ readonly passkeys: number; readonly identities: number }> {
  await clearApp(ctx, { db, userId });
  const passkeys = await deletePasskeys(db, { userId });
  return { passkeys, identities: await deleteIdentities(db, { userId }) };
}

/**
 * SECURITY: removes what may be another's on an account whose mailbox is proved for the first time
 * (RC-7, ADV-9). One that the operator made keeps its app, which `latchkey create-admin` has set
 * up; its passkeys and identities come from another system, where nobody had proved the address
 * either.
 */
export async function clearUnproved(
  ctx: Pick<App, 'keys'>,
  input: {
    /** The transaction that locks the user's row. */
    readonly db: Db;
    readonly user: Pick<UserRow, 'id' | 'invitedAt'>;
  },
): Promise<void> {
  const { db, user } = input;
  if (user.invitedAt === null) {
    await clearFactors(ctx, { db, userId: user.id });
    return;
  }
  await deletePasskeys(db, { userId: user.id });
  await deleteIdentities(db, { userId: user.id });
}

/**
 * Removes the app and the recovery codes: there is no recovery without an app. Failures of the
 * removed factors do not count against new ones; the account's window of failures continues.
 */
export async function clearApp(ctx: Pick<App, 'keys'>, { db, userId }: Input): Promise<void> {
  await deleteTotp(db, { userId });
  await deleteRecoveryCodes(db, { userId });
  await setTotpEnabledAt(db, { id: userId, at: null });
  await release(ctx, {
    db,
    claims: [{ budget: 'second-factor:consecutive', identifier: userId }],
  });
}

/**
 * SECURITY: the same for what was set up at or after a moment, such as a change of address that is
 * undone: the caller of then may not have been the owner. What was set up before it stays.
 */
export async function clearFactorsSince(
  ctx: Pick<App, 'keys'>,
  input: {
    /** The transaction that locks the user's row. */
    readonly db: Db;
    /** As locked. */
    readonly user: Pick<UserRow, 'id' | 'totpEnabledAt'>;
    readonly since: Date;
  },
): Promise<void> {
  const { db, user, since } = input;
  const { id: userId, totpEnabledAt } = user;
  await deletePasskeysSince(db, { userId, since });
  await deleteIdentitiesSince(db, { userId, since });
  if (totpEnabledAt !== null && totpEnabledAt >= since) return clearApp(ctx, { db, userId });
  await deleteTotpSince(db, { userId, since });
  await deleteRecoveryCodesSince(db, { userId, since });
}
