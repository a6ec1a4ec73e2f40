import { and, asc, eq, gt, isNull, ne, sql } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { type SessionRow, sessions } from '../tables/sessions.ts';
import { type UserRow, users } from '../tables/users.ts';

/** A session that may act now, with its user. */
export type LiveSession = { readonly session: SessionRow; readonly user: UserRow };

export async function insertSession(db: Db, row: typeof sessions.$inferInsert): Promise<SessionRow> {
  const [inserted] = await db.insert(sessions).values(row).returning();
  if (!inserted) throw new Error('The session was not stored.');
  return inserted;
}

/** The session and its user in one look-up by primary key, where neither has ended; asked on every request (SE-7, SE-11). */
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
        isNull(sessions.revokedAt),
        gt(sessions.idleExpiresAt, input.now),
        gt(sessions.absoluteExpiresAt, input.now),
        isNull(users.suspendedAt),
      ),
    );
  return row ?? null;
}

export async function findSessionById(db: Db, input: { sessionId: string }): Promise<LiveSession | null> {
  const [row] = await db
    .select({ session: sessions, user: users })
    .from(sessions)
    .innerJoin(users, eq(users.id, sessions.userId))
    .where(eq(sessions.id, input.sessionId));
  return row ?? null;
}

/** One guarded claim: of any number of callers with the same token, one moves the row on (SE-3). Null: not current any more. */
export async function rotateRefreshHash(
  db: Db,
  input: { sessionId: string; presentedHash: Uint8Array; nextHash: Uint8Array; now: Date; idleExpiresAt: Date },
): Promise<SessionRow | null> {
  const [row] = await db
    .update(sessions)
    .set({
      refreshHash: input.nextHash,
      previousRefreshHash: input.presentedHash,
      refreshGeneration: sql`${sessions.refreshGeneration} + 1`,
      rotatedAt: input.now,
      lastUsedAt: input.now,
      idleExpiresAt: sql`least(${input.idleExpiresAt.toISOString()}::timestamptz, ${sessions.absoluteExpiresAt})`,
    })
    .where(
      and(
        eq(sessions.id, input.sessionId),
        eq(sessions.refreshHash, input.presentedHash),
        isNull(sessions.revokedAt),
        gt(sessions.idleExpiresAt, input.now),
        gt(sessions.absoluteExpiresAt, input.now),
      ),
    )
    .returning();
  return row ?? null;
}

/** Ends one session of one user; null where it was ended before, or is not theirs. */
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

/** Ends every session of a user; answers with the ids of those that were alive. */
export async function revokeAllSessions(
  db: Db,
  input: { userId: string; now: Date; reason: string },
): Promise<string[]> {
  const rows = await db
    .update(sessions)
    .set({ revokedAt: input.now, revokedReason: input.reason })
    .where(and(eq(sessions.userId, input.userId), isNull(sessions.revokedAt)))
    .returning({ id: sessions.id });
  return rows.map((row) => row.id);
}

/** Ends every session of a user but one; answers with the ids of those that were alive (SE-10). */
export async function revokeOtherSessions(
  db: Db,
  input: { userId: string; exceptId: string; now: Date; reason: string },
): Promise<string[]> {
  const rows = await db
    .update(sessions)
    .set({ revokedAt: input.now, revokedReason: input.reason })
    .where(and(eq(sessions.userId, input.userId), ne(sessions.id, input.exceptId), isNull(sessions.revokedAt)))
    .returning({ id: sessions.id });
  return rows.map((row) => row.id);
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
