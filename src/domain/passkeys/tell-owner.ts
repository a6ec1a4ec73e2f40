import type { Context } from '../../context.ts';
import type { Transaction } from '../../db/driver/transaction.ts';
import type { UserRow } from '../../db/tables/users.ts';
import { requestOrigin } from '../origins/request-origin.ts';
import { enqueueEmail } from '../outbox/enqueue-email.ts';

type Input = {
  readonly db: Transaction;
  readonly user: Pick<UserRow, 'email' | 'locale'>;
  readonly template: 'passkey-added' | 'passkey-removed' | 'passkey-suspect';
  /** The name that the user gave the passkey. */
  readonly passkey: string;
};

/** Tells the owner of a change of their passkeys, when and from where (PK-8). */
export async function tellOwner(
  ctx: Context,
  { db, user, template, passkey }: Input,
): Promise<void> {
  await enqueueEmail(ctx, {
    db,
    to: user.email,
    locale: user.locale,
    content: { template, passkey, ...requestOrigin(ctx) },
  });
}
