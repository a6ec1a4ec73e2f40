import type { App } from '../../app.ts';
import type { RequestInfo, Viewer } from '../../context.ts';
import type { Db } from '../../db/driver/client.ts';
import { revokeAllSessions, revokeSession } from '../../db/queries/sessions.ts';
import { type Doer, recordAudit } from '../audit/record.ts';

/** Why a session has ended, as stored in its row and in the audit trail. */
export type EndReason =
  | 'logout'
  | 'logout_everywhere'
  | 'revoked_by_owner'
  | 'revoked_by_service'
  | 'evicted'
  | 'stepped_up'
  | 'credentials_changed'
  | 'account_suspended'
  | 'account_deleted'
  | 'revoked_by_admin';

type Ending = Pick<App, 'clock' | 'random' | 'log' | 'keys' | 'metrics'> & {
  readonly request: RequestInfo | null;
  readonly viewer: Viewer | null;
  readonly by?: Doer;
};

type Input = {
  /** The transaction of the change that ends the sessions. */
  readonly db: Db;
  readonly userId: string;
  readonly reason: EndReason;
  /** The user who acted, where that is neither the caller nor the owner; null for a service. */
  readonly actorId?: string | null;
};

/**
 * Ends one session of a user, on every instance from the next request on; false where it had ended
 * or is not theirs.
 */
export async function endSession(
  ctx: Ending,
  input: Input & { readonly sessionId: string },
): Promise<boolean> {
  const { db, userId, sessionId, reason } = input;
  const ended = await revokeSession(db, { userId, sessionId, reason, now: ctx.clock.now() });
  if (ended) await recordEnds(ctx, input, [sessionId]);
  return ended !== null;
}

/** Ends every session of a user except `exceptId`; returns their number. */
export async function endAllSessions(
  ctx: Ending,
  input: Input & { readonly exceptId?: string },
): Promise<number> {
  const { db, userId, reason, exceptId } = input;
  const now = ctx.clock.now();
  const ended = await revokeAllSessions(db, {
    userId,
    reason,
    now,
    ...(exceptId === undefined ? {} : { exceptId }),
  });
  await recordEnds(ctx, input, ended);
  return ended.length;
}

/** Writes the audit rows of sessions that have just ended. */
export async function recordEnds(
  ctx: Ending,
  input: Input,
  sessionIds: readonly string[],
): Promise<void> {
  for (const sessionId of sessionIds) {
    await recordAudit(ctx, {
      db: input.db,
      type: 'session.closed',
      outcome: 'SUCCESS',
      subjectId: input.userId,
      sessionId,
      detail: { reason: input.reason },
      ...(input.actorId === undefined ? {} : { actorId: input.actorId }),
    });
  }
}
