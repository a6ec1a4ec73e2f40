import type { Context, SessionViewer } from '../../context.ts';
import type { Db } from '../../db/driver/client.ts';
import { holdLiveSession } from '../../db/queries/sessions.ts';
import { holdUser } from '../../db/queries/users.ts';
import type { UserRow } from '../../db/tables/users.ts';
import { AuthError } from '../../errors.ts';
import { requireStepUp, requireViewer } from './require-step-up.ts';
import { viewerOf } from './rules.ts';

type Holder = Pick<Context, 'viewer' | 'clock'>;

type Input = {
  /** The transaction of the change. */
  readonly db: Db;
};

/**
 * The caller's current row, locked until the transaction ends. Throws UNAUTHENTICATED where the
 * session has ended meanwhile.
 */
export async function holdCaller(ctx: Holder, { db }: Input): Promise<UserRow> {
  return (await holdViewer(ctx, { db })).session.user;
}

/**
 * The same for a change that requires a step-up, which the held rows decide: an authenticator app
 * that was activated while this waited is asked for. Throws STEP_UP_REQUIRED too.
 */
export async function holdStepUp(ctx: Holder, { db }: Input): Promise<UserRow> {
  const viewer = await holdViewer(ctx, { db });
  return requireStepUp({ clock: ctx.clock, viewer }).session.user;
}

/** The caller as the held rows of user and session describe them. */
export async function holdViewer(ctx: Holder, { db }: Input): Promise<SessionViewer> {
  const held = await holdUser(db, { id: requireViewer(ctx).userId });
  const viewer = await assertSessionLives(ctx, { db });
  if (!held) throw new AuthError('UNAUTHENTICATED', { reason: 'SESSION_REVOKED' });
  return viewer;
}

/**
 * SECURITY: locks and checks the caller's session once the other rows of a change are locked. The
 * transaction that held them may have ended it, and a user who has just been signed out must not
 * take over the account with a request that was in flight (SE-11). Throws UNAUTHENTICATED.
 */
export async function assertSessionLives(ctx: Holder, { db }: Input): Promise<SessionViewer> {
  const { userId, sessionId } = requireViewer(ctx);
  const live = await holdLiveSession(db, { userId, sessionId, now: ctx.clock.now() });
  if (!live) throw new AuthError('UNAUTHENTICATED', { reason: 'SESSION_REVOKED' });
  return viewerOf(live);
}
