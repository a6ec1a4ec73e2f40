import { and, eq, isNull, type SQL, sql } from 'drizzle-orm';
import { builtOnce } from '../built-once.ts';
import type { Db } from '../client.ts';
import { type ActingSession, actingSession } from '../session-with-user.ts';
import { sessions } from '../tables/sessions.ts';
import { users } from '../tables/users.ts';
import { alive } from './sessions.ts';

/** Asks for a session that may act now, with its user; null where either has ended (SE-7, SE-11). Rejects as a statement does. */
export type SessionLookup = (wanted: { sessionId: string; userId: string }) => Promise<ActingSession | null>;

type Waiting = {
  readonly sessionId: string;
  readonly userId: string;
  resolve(found: ActingSession | null): void;
  reject(error: unknown): void;
};

/** Sessions that one statement asks for. */
const mostAtOnce = 100;
/** Milliseconds after which a statement that is under way holds up nobody else. */
const patience = 50;
/** Statements under way at the most; of a pool of ten connections the others are left to whoever changes something. */
const mostUnderWay = 4;

/**
 * One look-up for the whole process. What is asked while a statement is under way waits for it and goes out together, in the next one: the
 * session is asked of the database for every request, after it has come, and many requests share the way there. `now` is the clock's.
 */
export function createSessionLookup(db: Db, now: () => Date): SessionLookup {
  let waiting: Waiting[] = [];
  let underWay = 0;
  let lastBegan = 0;
  /** Whether the last statement was for several: then those that come with this one are waited for, to the end of the tick. */
  let isBusy = false;
  let isDue = false;
  let isLooking = false;

  const send = async (batch: readonly Waiting[]): Promise<void> => {
    underWay += 1;
    isBusy = batch.length > 1;
    lastBegan = performance.now();
    try {
      const found = await findByIds(db, [...new Set(batch.map(({ sessionId }) => sessionId))], now());
      for (const { sessionId, userId, resolve } of batch) {
        const live = found.get(sessionId) ?? null;
        // SECURITY: the token names both, and both must be what the database has.
        resolve(live?.userId === userId ? live : null);
      }
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      underWay -= 1;
      if (waiting.length > 0 && !isDue) void send(takeBatch());
    }
  };

  const takeBatch = (): Waiting[] => {
    const batch = waiting.slice(0, mostAtOnce);
    waiting = waiting.slice(mostAtOnce);
    return batch;
  };

  /** One statement that takes long, such as behind a lock, must not keep those who came just after it. */
  const look = (): void => {
    if (isLooking) return;
    isLooking = true;
    setTimeout(() => {
      isLooking = false;
      if (waiting.length === 0 || isDue) return;
      if (maySend()) void send(takeBatch());
      else look();
    }, patience + 10);
  };

  const maySend = (): boolean =>
    underWay === 0 || (underWay < mostUnderWay && performance.now() - lastBegan > patience);

  return ({ sessionId, userId }) =>
    new Promise((resolve, reject) => {
      waiting.push({ sessionId, userId, resolve, reject });
      if (isDue) return;
      if (!maySend()) return look();
      if (!isBusy) return void send(takeBatch());
      isDue = true;
      setImmediate(() => {
        isDue = false;
        if (waiting.length > 0) void send(takeBatch());
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
 * For several, with the same text however many. One look-up by primary key for each, whatever PostgreSQL knows of the tables, and one plan
 * for all: it does not see behind the inner `select` how many there are, and so has no reason to plan anew each time, which takes longer
 * than the look-up. For one alone it takes an eighth longer than a plain join.
 */
const ofSeveral = builtOnce((db) => {
  const found = actingAs(db, sql`${sessions.id} = wanted.id`).limit(1).as('found');
  return db
    .select()
    .from(sql`unnest((select ${sql.placeholder('ids')}::uuid[])) as wanted (id)`)
    .crossJoinLateral(found);
});

type Found = ReturnType<typeof actingSession.of>;

async function findByIds(db: Db, ids: readonly string[], at: Date): Promise<ReadonlyMap<string, Found>> {
  const [id] = ids;
  const now = at.toISOString();
  const rows =
    ids.length === 1 ? await ofOne(db, { id, now }) : await ofSeveral(db, { ids: `{${ids.join(',')}}`, now });
  const byId = new Map<string, Found>();
  for (const row of rows) {
    const found = actingSession.of(row);
    byId.set(found.sessionId, found);
  }
  return byId;
}
