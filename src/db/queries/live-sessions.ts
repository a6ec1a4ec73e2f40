import { and, eq, isNull, type SQL, sql } from 'drizzle-orm';
import { builtOnce } from '../driver/built-once.ts';
import type { Db } from '../driver/client.ts';
import { gather } from '../driver/gather.ts';
import { sessions } from '../tables/sessions.ts';
import { users } from '../tables/users.ts';
import { type ActingSession, actingSession } from './session-with-user.ts';
import { alive } from './sessions.ts';

/**
 * Asks for a session that may act now, with its user; null where either has ended (SE-7, SE-11).
 * Rejects as a statement does.
 */
export type SessionLookup = (wanted: {
  sessionId: string;
  userId: string;
}) => Promise<ActingSession | null>;

/**
 * Sessions of many requests in one look-up, each asked of the database for every request, after it
 * has come. `now` is the clock's.
 */
export function createSessionLookup(db: Db, now: () => Date): SessionLookup {
  return gather(async (batch) => {
    const found = await findByIds(db, [...new Set(batch.map(({ sessionId }) => sessionId))], now());
    return batch.map(({ sessionId, userId }) => {
      const live = found.get(sessionId) ?? null;
      // SECURITY: the token names both, and both must be what the database has.
      return live?.userId === userId ? live : null;
    });
  });
}

/** SECURITY: who may act, the same whichever statement asks. */
const actingAs = (db: Db, isWanted: SQL) =>
  db
    .select(actingSession.list())
    .from(sessions)
    .innerJoin(users, eq(users.id, sessions.userId))
    .where(and(isWanted, alive(sql.placeholder('now')), isNull(users.suspendedAt)));

const ofOne = builtOnce((db) => actingAs(db, eq(sessions.id, sql.placeholder('id'))));

/**
 * For several, with the same text however many. One look-up for each, by primary key in all but the
 * smallest tables, and one plan for all: PostgreSQL does not see behind the inner `select` how many
 * there are, and so has no reason to plan anew each time, which takes longer than the look-up. For
 * one alone it takes an eighth longer than a plain join.
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
