import { and, eq, getTableColumns, isNull, sql } from 'drizzle-orm';
import type { PgColumn } from 'drizzle-orm/pg-core';
import type { Db } from '../client.ts';
import { type SessionRow, sessions } from '../tables/sessions.ts';
import { type UserRow, users } from '../tables/users.ts';
import { alive, type LiveSession } from './sessions.ts';

/** Asks for a session that may act now, with its user; null where either has ended (SE-7, SE-11). Rejects as a statement does. */
export type SessionLookup = (wanted: { sessionId: string; userId: string }) => Promise<LiveSession | null>;

type Waiting = {
  readonly sessionId: string;
  readonly userId: string;
  resolve(found: LiveSession | null): void;
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
  const statement = prepareLookup(db);
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
      const found = await statement([...new Set(batch.map(({ sessionId }) => sessionId))], now());
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

type Found = LiveSession & { readonly userId: string };

/**
 * The statement, built once: its text is the same however many are asked for. One look-up by primary key for each, whatever PostgreSQL knows
 * of the tables, and one plan for all: it does not see behind the inner `select` how many there are, and so has no reason to plan anew each
 * time, which takes longer than the look-up.
 */
function prepareLookup(db: Db): (ids: readonly string[], now: Date) => Promise<ReadonlyMap<string, Found>> {
  const sessionColumns = Object.entries(getTableColumns(sessions));
  const userColumns = Object.entries(getTableColumns(users));
  const columns = [...sessionColumns, ...userColumns].map(([, column], index) => sql`${column}`.as(`c${index}`));
  const found = db
    .select(Object.fromEntries(columns.map((column) => [column.fieldAlias, column])))
    .from(sessions)
    .innerJoin(users, eq(users.id, sessions.userId))
    .where(and(sql`${sessions.id} = wanted.id`, alive(sql.placeholder('now')), isNull(users.suspendedAt)))
    .limit(1)
    .as('found');
  const prepared = db
    .select()
    .from(sql`unnest((select ${sql.placeholder('ids')}::uuid[])) as wanted (id)`)
    .crossJoinLateral(found)
    .prepare('live_sessions');
  // Drizzle makes an object of every row, column by column: more work than all the rest of a request. Rows stay as they come, and become
  // objects where somebody looks at them.
  Reflect.set(prepared, 'customResultMapper', (rows: unknown) => rows);
  const idAt = sessionColumns.findIndex(([name]) => name === 'id');
  const reads: Reads = {
    userIdAt: sessionColumns.findIndex(([name]) => name === 'userId'),
    readSession: rowReader<SessionRow>(sessionColumns, 0),
    readUser: rowReader<UserRow>(userColumns, sessionColumns.length),
  };
  return async (ids, now) => {
    const rows: unknown = await prepared.execute({ ids: `{${ids.join(',')}}`, now: now.toISOString() });
    const byId = new Map<string, Found>();
    if (!Array.isArray(rows)) return byId;
    for (const row of rows) byId.set(String(row[idAt]), new LazyLiveSession(row, reads));
    return byId;
  };
}

type Reader<T> = (row: readonly unknown[]) => T;

/** Reads columns of a row from `start` on, as drizzle would. */
function rowReader<T>(columns: readonly [string, PgColumn][], start: number): Reader<T> {
  return (row) => {
    const read: Record<string, unknown> = {};
    columns.forEach(([name, column], index) => {
      const value = row[start + index];
      read[name] = value === null ? null : column.mapFromDriverValue(value);
    });
    return read as T;
  };
}

type Reads = {
  readonly userIdAt: number;
  readonly readSession: Reader<SessionRow>;
  readonly readUser: Reader<UserRow>;
};

/** Both halves are read at the first look: `me` needs no more than one. */
class LazyLiveSession implements Found {
  readonly #row: readonly unknown[];
  readonly #reads: Reads;
  #session: SessionRow | undefined;
  #user: UserRow | undefined;

  constructor(row: readonly unknown[], reads: Reads) {
    this.#row = row;
    this.#reads = reads;
  }

  get userId(): string {
    return String(this.#row[this.#reads.userIdAt]);
  }

  get session(): SessionRow {
    this.#session ??= this.#reads.readSession(this.#row);
    return this.#session;
  }

  get user(): UserRow {
    this.#user ??= this.#reads.readUser(this.#row);
    return this.#user;
  }
}
