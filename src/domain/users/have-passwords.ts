import type { App } from '../../app.ts';
import { findIdsWithPassword } from '../../db/queries/users.ts';

/** Whether each of these users has a password, in the same order. */
export async function havePasswords(
  { db }: Pick<App, 'db'>,
  { userIds }: { readonly userIds: readonly string[] },
): Promise<boolean[]> {
  const ids = new Set(await findIdsWithPassword(db, { ids: userIds }));
  return userIds.map((id) => ids.has(id));
}
