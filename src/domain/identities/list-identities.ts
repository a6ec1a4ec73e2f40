import type { App } from '../../app.ts';
import { listIdentitiesOf } from '../../db/queries/identities.ts';
import { type IdentityView, viewIdentity } from './identity-view.ts';

/** The linked accounts of each of these users, in the same order. */
export async function identitiesOf(
  ctx: Pick<App, 'db' | 'config'>,
  { userIds }: { readonly userIds: readonly string[] },
): Promise<IdentityView[][]> {
  const rows = await listIdentitiesOf(ctx.db, { userIds });
  return userIds.map((id) =>
    rows.filter(({ userId }) => userId === id).map((row) => viewIdentity(ctx, row)),
  );
}
