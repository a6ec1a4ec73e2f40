import type { App } from '../../app.ts';
import { findMetadataOf } from '../../db/queries/user-metadata.ts';
import type { UserMetadataRow } from '../../db/tables/user-metadata.ts';

/** The metadata of each of these users, in the same order; null where none was ever written. */
export async function metadataOf(
  { db }: Pick<App, 'db'>,
  { userIds }: { readonly userIds: readonly string[] },
): Promise<(UserMetadataRow | null)[]> {
  const rows = await findMetadataOf(db, { userIds });
  const byId = new Map(rows.map((row) => [row.userId, row]));
  return userIds.map((id) => byId.get(id) ?? null);
}
