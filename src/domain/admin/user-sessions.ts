import type { Context } from '../../context.ts';
import { listLiveSessionsOf } from '../../db/queries/sessions.ts';
import type { SessionRow } from '../../db/tables/sessions.ts';
import { parseInput } from '../command.ts';
import { type PageInput, pageInput } from '../paging.ts';
import { pageOfSessions, type SessionPage } from '../sessions/list-sessions.ts';
import { mostSessions } from '../sessions/rules.ts';
import { requireAdminToLook } from './require-admin.ts';

/** Users whose sessions one statement reads: each may have `mostSessions`. */
export const maxUsersOfSessions = 10;

/** The live sessions of each of these users, newest first, for administrators. */
export async function liveSessionsOf(
  ctx: Context,
  { userIds }: { readonly userIds: readonly string[] },
): Promise<SessionRow[][]> {
  requireAdminToLook(ctx);
  const now = ctx.clock.now();
  const rows = await listLiveSessionsOf(ctx.db, { userIds, now, limit: mostSessions });
  return userIds.map((id) => rows.filter(({ userId }) => userId === id));
}

/**
 * A page of a user's live sessions as an administrator sees them. Throws FORBIDDEN,
 * VALIDATION_FAILED for an oversized page or an invalid cursor, before anything is read.
 */
export async function userSessions(
  ctx: Context,
  input: PageInput,
  read: () => Promise<readonly SessionRow[]>,
): Promise<SessionPage> {
  const { sessionId } = requireAdminToLook(ctx);
  const { first, after } = parseInput(pageInput, input);
  return pageOfSessions(await read(), { first, after, currentSessionId: sessionId });
}
