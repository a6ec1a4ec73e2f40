import type { Context } from '../../context.ts';
import type { Db } from '../../db/driver/client.ts';
import { findLiveSession } from '../../db/queries/sessions.ts';
import { holdUser } from '../../db/queries/users.ts';
import type { UserRow } from '../../db/tables/users.ts';
import { AuthError } from '../../errors.ts';
import { requireViewer } from './require-step-up.ts';

type Input = {
  /** The transaction of the change. */
  readonly db: Db;
};

/**
 * The caller's current row, locked until the transaction ends. Throws UNAUTHENTICATED where the
 * session has ended meanwhile.
 */
export async function holdCaller(
  ctx: Pick<Context, 'viewer' | 'clock'>,
  { db }: Input,
): Promise<UserRow> {
  const held = await holdUser(db, { id: requireViewer(ctx).userId });
  await assertSessionLives(ctx, { db });
  if (!held) throw new AuthError('UNAUTHENTICATED', { reason: 'SESSION_REVOKED' });
  return held;
}

/**
 * SECURITY: checks the caller's session again once the rows of a change are locked. The transaction
 * that held the locks may have ended it, and a user who has just been signed out must not take over
 * the account with a request that was in flight (SE-11). Throws UNAUTHENTICATED.
 */
export async function assertSessionLives(
  ctx: Pick<Context, 'viewer' | 'clock'>,
  { db }: Input,
): Promise<void> {
  const { userId, sessionId } = requireViewer(ctx);
  const live = await findLiveSession(db, { userId, sessionId, now: ctx.clock.now() });
  if (!live) throw new AuthError('UNAUTHENTICATED', { reason: 'SESSION_REVOKED' });
}
