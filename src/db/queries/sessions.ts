import {
  and,
  asc,
  count,
  desc,
  eq,
  gt,
  inArray,
  isNull,
  ne,
  type Placeholder,
  type SQL,
  sql,
} from 'drizzle-orm';
import { builtOnce } from '../driver/built-once.ts';
import type { Db } from '../driver/client.ts';
import { type SessionRow, sessions } from '../tables/sessions.ts';
import { users } from '../tables/users.ts';
import { builtForRows, given, givenRow } from './built-rows.ts';
import type { LiveSession } from './session-with-user.ts';

const begun = [
  'id',
  'userId',
  'refreshHash',
  'createdAt',
  'lastUsedAt',
  'idleExpiresAt',
  'absoluteExpiresAt',
  'authenticatedAt',
  'methods',
  'provedMethods',
  'network',
  'device',
] as const;

/** What a session begins with; nothing else of its row is known better by the database. */
export type NewSession = Pick<SessionRow, (typeof begun)[number]>;

const insert = builtOnce((db) => db.insert(sessions).values(givenRow(sessions, begun)));

export async function insertSession(db: Db, row: NewSession): Promise<void> {
  await insert(db, row);
}

export const alive = (now: Date | Placeholder | SQL) =>
  and(
    isNull(sessions.revokedAt),
    gt(sessions.idleExpiresAt, now),
    gt(sessions.absoluteExpiresAt, now),
  );

/**
 * The session and its user in one look-up by primary key, where neither has ended; what requests
 * ask is db/queries/live-sessions.
 */
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
export async function findSessionById(
  db: Db,
  input: { sessionId: string },
): Promise<LiveSession | null> {
  const [row] = await db
    .select({ session: sessions, user: users })
    .from(sessions)
    .innerJoin(users, eq(users.id, sessions.userId))
    .where(eq(sessions.id, input.sessionId));
  return row ?? null;
}

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
    .where(
      and(
        eq(sessions.id, input.sessionId),
        eq(sessions.userId, input.userId),
        isNull(sessions.revokedAt),
      ),
    )
    .returning();
  return row ?? null;
}

/**
 * Ends every session of a user, but for `exceptId`; answers with the ids of those that it ended.
 */
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

const evict = builtForRows({ id: sessions.id, device: sessions.device }, (db, columns) => {
  const isOther = and(
    eq(sessions.userId, sql.placeholder('userId')),
    ne(sessions.id, sql.placeholder('exceptId')),
    alive(given(sessions.idleExpiresAt, 'now')),
  );
  const beyond = db
    .$with('beyond')
    .as(
      db
        .select({ id: sessions.id })
        .from(sessions)
        .where(isOther)
        .orderBy(desc(sessions.lastUsedAt), desc(sessions.id))
        .offset(sql.placeholder('others')),
    );
  return db
    .with(beyond)
    .update(sessions)
    .set({
      revokedAt: given(sessions.revokedAt, 'now'),
      revokedReason: given(sessions.revokedReason, 'reason'),
    })
    .where(
      and(
        inArray(sessions.id, db.select({ id: beyond.id }).from(beyond)),
        isNull(sessions.revokedAt),
      ),
    )
    .returning(columns);
});

/**
 * Ends a user's living sessions beyond the `keep` that were used last, and answers with them.
 * `exceptId`, the one that has just begun, always stays and is one of the `keep`.
 */
export async function evictSessions(
  db: Db,
  input: { userId: string; exceptId: string; keep: number; now: Date; reason: string },
): Promise<Pick<SessionRow, 'id' | 'device'>[]> {
  return evict(db, { ...input, others: input.keep - 1 });
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
export async function findSessionsOf(
  db: Db,
  input: { userId: string; limit: number },
): Promise<SessionRow[]> {
  return db
    .select()
    .from(sessions)
    .where(eq(sessions.userId, input.userId))
    .orderBy(asc(sessions.createdAt), asc(sessions.id))
    .limit(input.limit);
}
