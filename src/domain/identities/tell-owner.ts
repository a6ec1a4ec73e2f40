import type { Context } from '../../context.ts';
import type { Transaction } from '../../db/driver/transaction.ts';
import type { IdentityRow } from '../../db/tables/identities.ts';
import type { UserRow } from '../../db/tables/users.ts';
import { requestOrigin } from '../origins/request-origin.ts';
import { enqueueEmail } from '../outbox/enqueue-email.ts';
import { viewProvider } from './identity-view.ts';

type Input = {
  readonly db: Transaction;
  readonly user: Pick<UserRow, 'email' | 'locale'>;
  readonly template: 'identity-linked' | 'identity-unlinked';
  readonly identity: Pick<IdentityRow, 'providerId' | 'label'>;
};

/** Tells the owner of a change of their linked accounts, when and from where (ID-9). */
export async function tellOwner(ctx: Context, input: Input): Promise<void> {
  const { db, user, template, identity } = input;
  const { name: provider } = viewProvider(ctx, identity.providerId);
  await enqueueEmail(ctx, {
    db,
    to: user.email,
    locale: user.locale,
    content: { template, provider, label: identity.label, ...requestOrigin(ctx) },
  });
}
