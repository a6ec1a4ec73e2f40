import type { Context } from '../../context.ts';
import type { Transaction } from '../../db/driver/transaction.ts';
import { touchIdentity } from '../../db/queries/identities.ts';
import type { PendingIdentity } from '../../db/tables/otp-challenges.ts';
import type { UserRow } from '../../db/tables/users.ts';
import { linkIdentity } from './link-identity.ts';
import { notAccepted } from './not-accepted.ts';
import { requireProvider } from './require-provider.ts';

type Input = {
  /** The transaction that locks the user's row, and in which the sign-in was completed. */
  readonly db: Transaction;
  readonly user: Pick<UserRow, 'id' | 'email' | 'locale'>;
  readonly pending: PendingIdentity;
};

/**
 * The end of a sign-in by a provider: links what is not linked yet, the very account that was
 * vouched for at its beginning (ADV-26), or notes the use. Throws INVALID_CREDENTIALS where it was
 * unlinked, or linked to another user, since then; PROVIDER_REFUSED where the provider was
 * disabled.
 */
export async function bindIdentity(ctx: Context, { db, user, pending }: Input): Promise<void> {
  requireProvider(ctx, pending.providerId);
  const { isLinked, ...identity } = pending;
  const bound = isLinked
    ? await touchIdentity(db, { ...identity, userId: user.id, now: ctx.clock.now() })
    : await linkIdentity(ctx, { db, user, identity, isUsed: true });
  if (!bound) throw notAccepted();
}
