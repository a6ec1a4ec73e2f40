import type { App } from '../../app.ts';
import type { Db } from '../../db/driver/client.ts';
import { deleteRecoveryCodes } from '../../db/queries/recovery-codes.ts';
import { deleteTotp } from '../../db/queries/totp-authenticators.ts';
import { setTotpEnabledAt } from '../../db/queries/users.ts';
import { release } from '../rate-limits/reserve.ts';

type Input = {
  /** The transaction that locks the user's row. */
  readonly db: Db;
  readonly userId: string;
};

/**
 * SECURITY: removes every factor that a user has besides the password and the mailbox; the only
 * place that knows them all. Failures of the removed factors do not count against new ones; the
 * account's window of failures continues.
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
