import DataLoader from 'dataloader';
import type { Context } from '../context.ts';
import { maxUsersByIds } from '../domain/accounts/users-by-ids.ts';
import type { IdentityView } from '../domain/identities/identity-view.ts';
import { identitiesOf } from '../domain/identities/list-identities.ts';
import type { UserView } from '../domain/users/user-view.ts';

declare module '../context.ts' {
  interface RequestLoaders {
    identities?: DataLoader<string, IdentityView[]>;
  }
}

/** A user's linked accounts; null where the caller may not see them. */
export async function userIdentities(
  ctx: Context,
  { id, showsFactors }: Pick<UserView, 'id' | 'showsFactors'>,
): Promise<IdentityView[] | null> {
  if (!showsFactors) return null;
  ctx.loaders.identities ??= new DataLoader((userIds) => identitiesOf(ctx, { userIds }), {
    maxBatchSize: maxUsersByIds,
  });
  return ctx.loaders.identities.load(id);
}
