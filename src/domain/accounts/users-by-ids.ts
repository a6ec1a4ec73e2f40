import { z } from 'zod';
import type { Context } from '../../context.ts';
import { findUsersByIds } from '../../db/queries/users.ts';
import { parseInput } from '../command.ts';
import { onlookerOf, type UserView, viewUser } from '../users/user-view.ts';

/** The maximum number of users in one answer, and in one statement. */
export const maxUsersByIds = 100;

const schema = z.object({
  ids: z.array(z.string()).max(maxUsersByIds, `At most ${maxUsersByIds} ids are allowed.`),
});
const uuid = z.uuid();

/**
 * The users with these ids in their order, each as the caller may see it, in one statement; null
 * for a deleted user or an unknown or malformed id. Throws VALIDATION_FAILED for more than a
 * hundred.
 */
export async function usersByIds(
  ctx: Context,
  input: { ids: readonly string[] },
): Promise<(UserView | null)[]> {
  const { ids } = parseInput(schema, input);
  const wanted = [...new Set(ids.map((id) => id.toLowerCase()))].filter(
    (id) => uuid.safeParse(id).success,
  );
  const rows = await findUsersByIds(ctx.db, { ids: wanted });
  const found = new Map(rows.map((row) => [row.id, row]));
  return ids.map((id) => {
    const row = found.get(id.toLowerCase());
    return row ? viewUser(row, onlookerOf(ctx, row.id)) : null;
  });
}
