import { and, eq, isNull, type SQL, sql } from 'drizzle-orm';
import { batched } from '../driver/batch.ts';
import { builtOnce } from '../driver/built-once.ts';
import type { Db } from '../driver/client.ts';
import { sessions } from '../tables/sessions.ts';
import { users } from '../tables/users.ts';
import { type ActingSession, actingSession } from './session-with-user.ts';
import { alive, markSeen } from './sessions.ts';

type Wanted = {
  readonly sessionId: string;
  readonly userId: string;
  /** Of the access token that was shown; left out where none was. */
  readonly generation?: number;
};

/**
 * Looks up an active session with its user; null when either has ended (SE-7, SE-11). Rejects when
 * the statement fails.
 */
export type SessionLookup = (wanted: Wanted) => Promise<ActingSession | null>;

/**
 * Batches the session look-ups of many requests; each is asked of the database after its request
 * arrived. `now` is the clock's.
 */
export function createSessionLookup(db: Db, now: () => Date): SessionLookup {
  return batched(async (batch) => {
    const found = await findByIds(db, [...new Set(batch.map(({ sessionId }) => sessionId))], now());
    const live = batch.map(({ sessionId, userId }) => {
      const one = found.get(sessionId) ?? null;
      // SECURITY: the token names both, and both must match the database.
      return one?.userId === userId ? one : null;
    });
    await noteSeen(db, batch, live);
    return live;
  });
}

/**
 * Notes, once per generation, that a token of the awaited one was shown: before the request is
 * answered, since from then on its parent is a second holder's (SE-2).
 */
async function noteSeen(
  db: Db,
  batch: readonly Wanted[],
  live: readonly (Found | null)[],
): Promise<void> {
  const seen = new Map<string, number>();
  for (const [index, { sessionId, generation = -1 }] of batch.entries()) {
    const awaited = live[index]?.unseenGeneration ?? null;
    if (awaited !== null && generation >= awaited) seen.set(sessionId, awaited);
  }
  if (seen.size === 0) return;
  await Promise.all(
    [...seen].map(([sessionId, generation]) => markSeen(db, { sessionId, generation })),
  );
}

/** SECURITY: who may act is one condition, shared by both statements. */
const actingAs = (db: Db, isWanted: SQL) =>
  db
    .select(actingSession.list())
    .from(sessions)
    .innerJoin(users, eq(users.id, sessions.userId))
    .where(and(isWanted, alive(sql.placeholder('now')), isNull(users.suspendedAt)));

const ofOne = builtOnce((db) => actingAs(db, eq(sessions.id, sql.placeholder('id'))));

/**
 * For several, with the same text for any number: one look-up each by primary key, in all but the
 * smallest tables. PostgreSQL cannot estimate behind the inner `select` how many there are, which
 * avoids re-planning, and re-planning takes longer than the look-up. A single look-up would be an
 * eighth slower this way than as a plain join.
 */
const ofSeveral = builtOnce((db) => {
  const found = actingAs(db, sql`${sessions.id} = wanted.id`).limit(1).as('found');
  return db
    .select()
    .from(sql`unnest((select ${sql.placeholder('ids')}::uuid[])) as wanted (id)`)
    .crossJoinLateral(found);
});

type Found = ReturnType<typeof actingSession.of>;

async function findByIds(
  db: Db,
  ids: readonly string[],
  at: Date,
): Promise<ReadonlyMap<string, Found>> {
  const [id] = ids;
  const now = at.toISOString();
  const rows =
    ids.length === 1
      ? await ofOne(db, { id, now })
      : await ofSeveral(db, { ids: `{${ids.join(',')}}`, now });
  const byId = new Map<string, Found>();
  for (const row of rows) {
    const found = actingSession.of(row);
    byId.set(found.sessionId, found);
  }
  return byId;
}
