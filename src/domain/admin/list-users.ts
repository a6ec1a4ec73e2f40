import { z } from 'zod';
import type { Context } from '../../context.ts';
import {
  countUsers,
  listUsers as findUsers,
  type UserFilter,
} from '../../db/queries/user-directory.ts';
import { parseInput } from '../command.ts';
import { text } from '../input.ts';
import { decodeCursor, type Page, pageInput, pageOfSlice } from '../paging.ts';
import { reserve } from '../rate-limits/reserve.ts';
import { type UserView, viewUser } from '../users/user-view.ts';
import { requireAdminToLook } from './require-admin.ts';

const schema = pageInput.extend({
  search: text({ max: 254 })
    .nullish()
    .transform((value) => value?.trim().normalize('NFC') || null),
  status: z
    .enum(['ACTIVE', 'UNVERIFIED', 'SUSPENDED'])
    .nullish()
    .transform((value) => value ?? null),
});

/** `filter` serves the count, which is queried only where a client selects it. */
export type UserPage = Page<UserView> & { readonly filter: UserFilter };

/**
 * Users whose address or name begins with `search`, in the state `status`, newest first; for
 * administrators. Throws FORBIDDEN, VALIDATION_FAILED for an oversized page or an invalid cursor,
 * RATE_LIMITED.
 */
export async function listUsers(ctx: Context, input: z.input<typeof schema>): Promise<UserPage> {
  const { userId } = requireAdminToLook(ctx);
  const { first, after, search, status } = parseInput(schema, input);
  await reserve(ctx, [{ budget: 'user-search:admin', identifier: userId }]);
  const filter = { search, status };
  const rows = await findUsers(ctx.readDb, {
    filter,
    after: after ? decodeCursor(after) : null,
    limit: first + 1,
  });
  return {
    ...pageOfSlice(rows, {
      first,
      after,
      placeOf: ({ createdAt, id }) => ({ at: createdAt, id }),
      view: (user) => viewUser(user, 'admin'),
    }),
    filter,
  };
}

/** How many users match the filter of a listed page. */
export async function countListedUsers(
  ctx: Context,
  page: Pick<UserPage, 'filter'>,
): Promise<number> {
  requireAdminToLook(ctx);
  return countUsers(ctx.readDb, { filter: page.filter });
}
