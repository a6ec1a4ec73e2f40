import { and, asc, count, desc, eq, gt, inArray, isNull, lt, ne, or, type Placeholder, sql } from 'drizzle-orm';
import { builtOnce } from '../built-once.ts';
import type { Db } from '../client.ts';
import { type IssuedSession, issuedSession, type LiveSession } from '../session-with-user.ts';
import { type SessionRow, sessions } from '../tables/sessions.ts';
import { users } from '../tables/users.ts';

export async function insertSession(db: Db, row: typeof sessions.$inferInsert): Promise<SessionRow> {
  const [inserted] = await db.insert(sessions).values(row).returning();
  if (!inserted) throw new Error('The session was not stored.');
  return inserted;
}

export const alive = (now: Date | Placeholder) =>
  and(isNull(sessions.revokedAt), gt(sessions.idleExpiresAt, now), gt(sessions.absoluteExpiresAt, now));

/** The session and its user in one look-up by primary key, where neither has ended; what requests ask is db/queries/live-sessions. */
export async function findLiveSession(
  db: Db,
  input: { sessionId: string; userId: string; now: Date },
): Promise<LiveSession | null> {
  const [row] = await db
    .select({ session: sessions, user: users })
    .from(sessions)
    .innerJoin(users, eq(users.id, sessions.userId))
    .where(
      and(
        eq(sessions.id, input.sessionId),
        eq(sessions.userId, input.userId),
        alive(input.now),
        isNull(users.suspendedAt),
      ),
    );
  return row ?? null;
}

/** A session, ended or not, with its user. */
export async function findSessionById(db: Db, input: { sessionId: string }): Promise<LiveSession | null> {
  const [row] = await db
    .select({ session: sessions, user: users })
    .from(sessions)
    .innerJoin(users, eq(users.id, sessions.userId))
    .where(eq(sessions.id, input.sessionId));
  return row ?? null;
}

/**
 * Moves a session on to the next refresh token, and reads it and its user anew, in one guarded statement: of any number of
 * callers with the same token, on any number of instances, one gets the row (SE-3, SE-6). Null: the token is not the current one,
 * session or user have ended, or the session has used up its `limit` of rotations in a window.
 */
export async function rotateSession(
  db: Db,
  input: {
    sessionId: string;
    presentedHash: Uint8Array;
    nextHash: Uint8Array;
    now: Date;
    idleExpiresAt: Date;
    limit: number;
    windowEndsAt: Date;
  },
): Promise<IssuedSession | null> {
  const [row] = await rotate(db, {
    ...input,
    now: input.now.toISOString(),
    idleExpiresAt: input.idleExpiresAt.toISOString(),
    windowEndsAt: input.windowEndsAt.toISOString(),
  });
  return row ? issuedSession.of(row) : null;
}

const rotate = builtOnce((db) => {
  const now = sql`${sql.placeholder('now')}::timestamptz`;
  const windowIsOver = sql`(${sessions.refreshWindowEndsAt} is null or ${sessions.refreshWindowEndsAt} <= ${now})`;
  const presentedHash = sql`${sql.param(sql.placeholder('presentedHash'), sessions.refreshHash)}`;
  return db
    .update(sessions)
    .set({
      refreshHash: sql`${sql.param(sql.placeholder('nextHash'), sessions.refreshHash)}`,
      previousRefreshHash: presentedHash,
      refreshGeneration: sql`${sessions.refreshGeneration} + 1`,
      rotatedAt: now,
      lastUsedAt: now,
      idleExpiresAt: sql`least(${sql.placeholder('idleExpiresAt')}::timestamptz, ${sessions.absoluteExpiresAt})`,
      refreshWindowCount: sql`case when ${windowIsOver} then 1 else ${sessions.refreshWindowCount} + 1 end`,
      refreshWindowEndsAt: sql`case when ${windowIsOver} then ${sql.placeholder('windowEndsAt')}::timestamptz else ${sessions.refreshWindowEndsAt} end`,
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

/** A user's living sessions, the newest first, `limit` at most. */
export async function listLiveSessions(
  db: Db,
  input: { userId: string; now: Date; limit: number },
): Promise<SessionRow[]> {
  return db
    .select()
    .from(sessions)
    .where(and(eq(sessions.userId, input.userId), alive(input.now)))
    .orderBy(desc(sessions.createdAt), desc(sessions.id))
    .limit(input.limit);
}

/** Ends one session of one user; null where it has ended before, or is not theirs. */
export async function revokeSession(
  db: Db,
  input: { sessionId: string; userId: string; now: Date; reason: string },
): Promise<SessionRow | null> {
  const [row] = await db
    .update(sessions)
    .set({ revokedAt: input.now, revokedReason: input.reason })
    .where(and(eq(sessions.id, input.sessionId), eq(sessions.userId, input.userId), isNull(sessions.revokedAt)))
    .returning();
  return row ?? null;
}

/** Ends every session of a user, but for `exceptId`; answers with the ids of those that it ended. */
export async function revokeAllSessions(
  db: Db,
  input: { userId: string; now: Date; reason: string; exceptId?: string },
): Promise<string[]> {
  const rows = await db
    .update(sessions)
    .set({ revokedAt: input.now, revokedReason: input.reason })
    .where(
      and(
        eq(sessions.userId, input.userId),
        isNull(sessions.revokedAt),
        input.exceptId === undefined ? undefined : ne(sessions.id, input.exceptId),
      ),
    )
    .returning({ id: sessions.id });
  return rows.map((row) => row.id);
}

/**
 * Ends a user's living sessions beyond the `keep` that were used last, and answers with them. `exceptId`, the one that has just
 * begun, always stays and is one of the `keep`.
 */
export async function evictSessions(
  db: Db,
  input: { userId: string; exceptId: string; keep: number; now: Date; reason: string },
): Promise<SessionRow[]> {
  const beyond = db.$with('beyond').as(
    db
      .select({ id: sessions.id })
      .from(sessions)
      .where(and(eq(sessions.userId, input.userId), ne(sessions.id, input.exceptId), alive(input.now)))
      .orderBy(desc(sessions.lastUsedAt), desc(sessions.id))
      .offset(input.keep - 1),
  );
  return db
    .with(beyond)
    .update(sessions)
    .set({ revokedAt: input.now, revokedReason: input.reason })
    .where(and(inArray(sessions.id, db.select({ id: beyond.id }).from(beyond)), isNull(sessions.revokedAt)))
    .returning();
}

/** How many sessions of a user were ended for a reason since a moment. */
export async function countEndedSessions(
  db: Db,
  input: { userId: string; reason: string; since: Date },
): Promise<number> {
  const [row] = await db
    .select({ count: count() })
    .from(sessions)
    .where(
      and(
        eq(sessions.userId, input.userId),
        gt(sessions.revokedAt, input.since),
        eq(sessions.revokedReason, input.reason),
      ),
    );
  return row?.count ?? 0;
}

/** Every session that is kept of a user, ended ones too, the oldest first; `limit` at most. */
export async function findSessionsOf(db: Db, input: { userId: string; limit: number }): Promise<SessionRow[]> {
  return db
    .select()
    .from(sessions)
    .where(eq(sessions.userId, input.userId))
    .orderBy(asc(sessions.createdAt), asc(sessions.id))
    .limit(input.limit);
}
