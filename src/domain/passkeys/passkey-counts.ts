import type { App } from '../../app.ts';
import { countPasskeysOf } from '../../db/queries/passkeys.ts';

/** The number of passkeys of each of these users, in the same order. */
export async function passkeyCounts(
  { db }: Pick<App, 'db'>,
  { userIds }: { readonly userIds: readonly string[] },
): Promise<number[]> {
  const counts = await countPasskeysOf(db, { userIds });
  return userIds.map((id) => counts.get(id) ?? 0);
}
