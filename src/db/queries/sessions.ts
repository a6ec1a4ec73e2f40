import {
  and,
  asc,
  count,
  desc,
  eq,
  gt,
  inArray,
  isNotNull,
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
import { asPgArray } from './any-of.ts';
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
  'identityProvider',
  'network',
  'device',
] as const;

/** The columns of a new session that the database cannot fill in itself. */
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
 * The active session and its user by primary key; requests use db/queries/live-sessions instead.
 */
export async function findLiveSession(
  db: Db,
  input: { sessionId: string; userId: string; now: Date },
): Promise<LiveSession | null> {
  const [row] = await selectLive(db, input);
  return row ?? null;
}

const selectLive = (db: Db, input: { sessionId: string; userId: string; now: Date }) =>
  db
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

/**
 * The same, with the session's row locked until the transaction ends: it can neither end nor rotate
 * before that. Call it in a transaction that has locked the user's row.
 */
export async function holdLiveSession(
  db: Db,
  input: { sessionId: string; userId: string; now: Date },
): Promise<LiveSession | null> {
  const [row] = await selectLive(db, input).for('share', { of: sessions });
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

/** A token of the generation that is awaited was shown; nothing where another is awaited by now. */
export async function markSeen(
  db: Db,
  input: { sessionId: string; generation: number },
): Promise<void> {
  await db
    .update(sessions)
    .set({ unseenGeneration: null })
    .where(and(eq(sessions.id, input.sessionId), eq(sessions.unseenGeneration, input.generation)));
}

/** A user's active sessions, the newest first; at most `limit`. */
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

/** The same of several users, each the newest `limit`, in one list. */
export async function listLiveSessionsOf(
  db: Db,
  input: { userIds: readonly string[]; now: Date; limit: number },
): Promise<SessionRow[]> {
  const wanted = sql`unnest(${asPgArray(input.userIds)}::uuid[]) as wanted(id)`;
  const newest = db
    .select()
    .from(sessions)
    .where(and(sql`${sessions.userId} = wanted.id`, alive(input.now)))
    .orderBy(desc(sessions.createdAt), desc(sessions.id))
    .limit(input.limit)
    .as('newest');
  const rows = await db
    .select({ newest: newest._.selectedFields })
    .from(wanted)
    .innerJoinLateral(newest, sql`true`)
    .orderBy(desc(newest.createdAt), desc(newest.id));
  return rows.map((row) => row.newest);
}

/** The networks where a user's sessions began, ended ones too; at most `limit`. */
export async function networksOfUser(
  db: Db,
  { userId, limit }: { userId: string; limit: number },
): Promise<string[]> {
  const rows = await db
    .selectDistinct({ network: sessions.network })
    .from(sessions)
    .where(and(eq(sessions.userId, userId), isNotNull(sessions.network)))
    .limit(limit);
  return rows.flatMap(({ network }) => network ?? []);
}

/** Ends one session of a user; null when it has already ended or is another user's. */
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

/** Ends every session of a user except `exceptId`; returns the ids of those that it ended. */
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
 * Ends a user's active sessions beyond the `keep` most recently used, and returns them. The new
 * session `exceptId` always stays and counts as one of the `keep`.
 */
export async function evictSessions(
  db: Db,
  input: { userId: string; exceptId: string; keep: number; now: Date; reason: string },
): Promise<Pick<SessionRow, 'id' | 'device'>[]> {
  return evict(db, { ...input, others: input.keep - 1 });
}

/** How many of a user's sessions have been ended for a reason since a point in time. */
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

/** Every stored session of a user, ended ones too, the oldest first; at most `limit`. */
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
