import DataLoader from 'dataloader';
import type { Context } from '../context.ts';
import { maxUsersByIds } from '../domain/accounts/users-by-ids.ts';
import { passkeyCounts } from '../domain/passkeys/passkey-counts.ts';
import type { UserView } from '../domain/users/user-view.ts';

declare module '../context.ts' {
  interface RequestLoaders {
    passkeyCounts?: DataLoader<string, number>;
  }
}

/** The number of a user's passkeys; null where the caller may not see it. */
export async function passkeyCount(
  ctx: Context,
  { id, showsFactors }: Pick<UserView, 'id' | 'showsFactors'>,
): Promise<number | null> {
  if (!showsFactors) return null;
  ctx.loaders.passkeyCounts ??= new DataLoader((userIds) => passkeyCounts(ctx, { userIds }), {
    maxBatchSize: maxUsersByIds,
  });
  return ctx.loaders.passkeyCounts.load(id);
}
