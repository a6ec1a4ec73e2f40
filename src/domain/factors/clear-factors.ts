import type { App } from '../../app.ts';
import type { Db } from '../../db/driver/client.ts';
import { deleteRecoveryCodes } from '../../db/queries/recovery-codes.ts';
import { deleteTotp } from '../../db/queries/totp-authenticators.ts';
import { setTotpEnabledAt } from '../../db/queries/users.ts';
import { release } from '../rate-limits/reserve.ts';

type Input = {
  /** The transaction that holds the user's row. */
  readonly db: Db;
  readonly userId: string;
};

/**
 * SECURITY: takes away every factor that a user has besides the password and the mailbox: the one
 * place that knows them all. Failures of what is gone are not held against what comes next; the
 * account's window of failures runs on.
 */
export async function clearFactors(ctx: Pick<App, 'keys'>, { db, userId }: Input): Promise<void> {
  await deleteTotp(db, { userId });
  await deleteRecoveryCodes(db, { userId });
  await setTotpEnabledAt(db, { id: userId, at: null });
  await release(ctx, {
    db,
    claims: [{ budget: 'second-factor:consecutive', identifier: userId }],
  });
}
