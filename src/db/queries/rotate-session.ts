import { and, eq, isNull, lt, or, sql } from 'drizzle-orm';
import { builtOnce } from '../driver/built-once.ts';
import type { Db } from '../driver/client.ts';
import { sessions } from '../tables/sessions.ts';
import { users } from '../tables/users.ts';
import { type IssuedSession, issuedSession } from './session-with-user.ts';
import { alive } from './sessions.ts';

export type Rotation = {
  readonly sessionId: string;
  readonly presentedHash: Uint8Array;
  readonly nextHash: Uint8Array;
  readonly now: Date;
  readonly idleExpiresAt: Date;
  /** Most rotations in a window. */
  readonly limit: number;
  readonly windowEndsAt: Date;
};

/**
 * Rotates a session's refresh token and reads the session and its user again, in one guarded
 * statement: of any number of concurrent callers with the same token, on any instance, one gets the
 * row (SE-3, SE-6). Null when the token is not the current one, session or user have ended, or the
 * session has used up its `limit` of rotations in a window.
 */
export async function rotateSession(db: Db, rotation: Rotation): Promise<IssuedSession | null> {
  const [row] = await rotate(db, {
    ...rotation,
    now: rotation.now.toISOString(),
    idleExpiresAt: rotation.idleExpiresAt.toISOString(),
    windowEndsAt: rotation.windowEndsAt.toISOString(),
  });
  return row ? issuedSession.of(row) : null;
}

const rotate = builtOnce((db) => {
  const now = sql`${sql.placeholder('now')}::timestamptz`;
  const presentedHash = sql`${sql.param(sql.placeholder('presentedHash'), sessions.refreshHash)}`;
  const windowIsOver = sql`(${sessions.refreshWindowEndsAt} is null
    or ${sessions.refreshWindowEndsAt} <= ${now})`;
  return db
    .update(sessions)
    .set({
      refreshHash: sql`${sql.param(sql.placeholder('nextHash'), sessions.refreshHash)}`,
      previousRefreshHash: presentedHash,
      refreshGeneration: sql`${sessions.refreshGeneration} + 1`,
      unseenGeneration: sql`${sessions.refreshGeneration} + 1`,
      rotatedAt: now,
      lastUsedAt: now,
      idleExpiresAt: sql`least(${sql.placeholder('idleExpiresAt')}::timestamptz,
        ${sessions.absoluteExpiresAt})`,
      refreshWindowCount: sql`case when ${windowIsOver} then 1
        else ${sessions.refreshWindowCount} + 1 end`,
      refreshWindowEndsAt: sql`case when ${windowIsOver}
        then ${sql.placeholder('windowEndsAt')}::timestamptz
        else ${sessions.refreshWindowEndsAt} end`,
    })
    .from(users)
    .where(
      and(
        eq(sessions.id, sql.placeholder('sessionId')),
        eq(users.id, sessions.userId),
        eq(sessions.refreshHash, presentedHash),
        alive(sql.placeholder('now')),
        isNull(users.suspendedAt),
        or(windowIsOver, lt(sessions.refreshWindowCount, sql.placeholder('limit'))),
      ),
    )
    .returning(issuedSession.list());
});
