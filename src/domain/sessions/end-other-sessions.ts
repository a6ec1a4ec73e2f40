import type { Context, Viewer } from '../../context.ts';
import type { Db } from '../../db/client.ts';
import { revokeOtherSessions } from '../../db/queries/sessions.ts';
import { recordAudit } from '../audit/record.ts';

type Input = { readonly db: Db; readonly viewer: Viewer; readonly reason: string };

/** Ends every session of the caller but the one that asks, after a change of what proves them (SE-10). */
export async function endOtherSessions(ctx: Context, { db, viewer, reason }: Input): Promise<void> {
  const { userId, sessionId } = viewer;
  const ended = await revokeOtherSessions(db, { userId, exceptId: sessionId, now: ctx.clock.now(), reason });
  for (const id of ended) {
    await recordAudit(ctx, {
      db,
      type: 'session.closed',
      outcome: 'SUCCESS',
      subjectId: userId,
      sessionId: id,
      detail: { reason },
    });
  }
}
