import type { Context } from '../../context.ts';
import { listLiveSessions } from '../../db/queries/sessions.ts';
import type { SessionRow } from '../../db/tables/sessions.ts';
import { requireViewer } from '../caller/require-step-up.ts';
import { parseInput } from '../command.ts';
import { type Page, type PageInput, pageInput, pageOf } from '../paging.ts';
import { mostSessions } from './rules.ts';
import { type SessionView, viewSession } from './session-view.ts';

export type SessionPage = Page<SessionView> & { readonly totalCount: number };

/**
 * The caller's live sessions, newest first (SE-12). All are read, since there are `mostSessions` at
 * most, even if SESSION_LIMIT was lowered since they began: one statement gives page and count.
 * Throws VALIDATION_FAILED for an oversized page or an invalid cursor.
 */
export async function listSessions(ctx: Context, input: PageInput): Promise<SessionPage> {
  const { userId, sessionId } = requireViewer(ctx);
  const { first, after } = parseInput(pageInput, input);
  const rows = await listLiveSessions(ctx.db, {
    userId,
    now: ctx.clock.now(),
    limit: mostSessions,
  });
  return pageOfSessions(rows, { first, after, currentSessionId: sessionId });
}

/** A page of one user's live sessions, which are all there. */
export function pageOfSessions(
  rows: readonly SessionRow[],
  input: {
    readonly first: number;
    readonly after: string | null | undefined;
    readonly currentSessionId: string;
  },
): SessionPage {
  const { first, after, currentSessionId } = input;
  return pageOf(rows, {
    first,
    after,
    placeOf: ({ createdAt, id }) => ({ at: createdAt, id }),
    view: (session) => viewSession(session, currentSessionId),
  });
}
