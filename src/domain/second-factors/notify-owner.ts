import type { Context } from '../../context.ts';
import type { Transaction } from '../../db/driver/transaction.ts';
import type { UserRow } from '../../db/tables/users.ts';
import { requestOrigin } from '../origins/request-origin.ts';
import { enqueueEmail } from '../outbox/enqueue-email.ts';

type Input = {
  readonly db: Transaction;
  readonly user: Pick<UserRow, 'email' | 'locale'>;
  readonly template: 'totp-enabled' | 'totp-disabled' | 'recovery-codes-regenerated';
};

/**
 * Tells the owner that one of their factors has changed, when and from where; contains no secret
 * (RC-8).
 */
export async function notifyOwner(ctx: Context, { db, user, template }: Input): Promise<void> {
  await enqueueEmail(ctx, {
    db,
    to: user.email,
    locale: user.locale,
    content: { template, ...requestOrigin(ctx) },
  });
}
