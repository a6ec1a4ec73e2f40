import DataLoader from 'dataloader';
import type { Context } from '../context.ts';
import { maxUsersByIds, usersByIds } from '../domain/accounts/users-by-ids.ts';
import type { UserView } from '../domain/users/user-view.ts';
import { AuthError } from '../errors.ts';

declare module '../context.ts' {
  interface RequestLoaders {
    users?: DataLoader<string, UserView | null>;
  }
}

/**
 * The DataLoader of users for this request: ids requested in the same tick are loaded with one
 * statement, whichever fields request them. Unknown ids yield null.
 */
export function userLoader(ctx: Context): DataLoader<string, UserView | null> {
  ctx.loaders.users ??= new DataLoader((ids) => usersByIds(ctx, { ids }), {
    maxBatchSize: maxUsersByIds,
  });
  return ctx.loaders.users;
}

/**
 * The users with these ids, in the same order. Throws VALIDATION_FAILED for more than a hundred
 * ids, before any lookup.
 */
export async function loadUsers(
  ctx: Context,
  { path, ids }: { path: string; ids: readonly string[] },
): Promise<(UserView | null)[]> {
  if (ids.length > maxUsersByIds) {
    const message = `At most ${maxUsersByIds} are allowed in one list.`;
    throw new AuthError('VALIDATION_FAILED', { fields: [{ path, code: 'TOO_LONG', message }] });
  }
  const loader = userLoader(ctx);
  return Promise.all(ids.map((id) => loader.load(id)));
}

/**
 * The users that the given entity representations of the Federation specification refer to, as many
 * as the request's body can hold: gateways do not split them. A representation that is not a `User`
 * with an `id` yields null, so that the others of its list are answered.
 */
export async function resolveReferences(
  ctx: Context,
  representations: readonly unknown[],
): Promise<(UserView | null)[]> {
  const loader = userLoader(ctx);
  return Promise.all(
    representations.map((representation) => {
      const id = userId(representation);
      return id === null ? null : loader.load(id);
    }),
  );
}

function userId(representation: unknown): string | null {
  if (typeof representation !== 'object' || representation === null) return null;
  const { __typename: type, id } = representation as Record<string, unknown>;
  return type === 'User' && typeof id === 'string' ? id : null;
}
