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
 * The users that the given entity representations of the Federation specification refer to. Throws
 * VALIDATION_FAILED for a representation that is not a `User` with an `id`.
 */
export async function resolveReferences(
  ctx: Context,
  representations: readonly unknown[],
): Promise<(UserView | null)[]> {
  return loadUsers(ctx, { path: 'representations', ids: representations.map(userId) });
}

function userId(representation: unknown, index: number): string {
  const refuse = (field: string, message: string): AuthError =>
    new AuthError('VALIDATION_FAILED', {
      fields: [{ path: `representations.${index}.${field}`, code: 'INVALID', message }],
    });
  if (
    typeof representation !== 'object' ||
    representation === null ||
    !('__typename' in representation)
  ) {
    throw refuse('__typename', 'A representation is an object with a __typename.');
  }
  if (representation.__typename !== 'User')
    throw refuse('__typename', 'The one entity of this graph is User.');
  if (!('id' in representation) || typeof representation.id !== 'string')
    throw refuse('id', 'A User is known by its id.');
  return representation.id;
}
