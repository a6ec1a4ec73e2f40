import { and, asc, eq, getTableColumns, gt, inArray, lte, type SQL, sql } from 'drizzle-orm';
import { builtOnce } from '../driver/built-once.ts';
import type { Db } from '../driver/client.ts';
import { rateLimits } from '../tables/rate-limits.ts';
import { asPgArray, isAnyGiven } from './any-of.ts';
import { builtForRows, given, givenRow } from './built-rows.ts';

export type Reservation = {
  readonly key: Uint8Array;
  readonly limit: number;
  /** The start of the window, if this operation begins one. */
  readonly windowEndsAt: Date;
  /**
   * After the `after`th operation of a window the next must wait `firstSeconds`, and each further
   * one twice as long.
   */
  readonly delay: { readonly after: number; readonly firstSeconds: number } | null;
};

export type WindowState = {
  readonly admitted: boolean;
  readonly count: number;
  /** Refused operations of this window, including this one. */
  readonly refused: number;
  readonly blockedUntil: Date | null;
  readonly windowEndsAt: Date;
};

/** Beyond this many doublings the window always ends first. */
const mostDoublings = 20;

const { key: _, ownerKey: _owner, ...windowState } = getTableColumns(rateLimits);
const keyedState = { key: rateLimits.key, ...windowState };
const now = sql`${sql.placeholder('now')}::timestamptz`;
const isOver = sql`${rateLimits.windowEndsAt} <= ${now}`;
const isOpen = sql`${rateLimits.count} < ${sql.placeholder('limit')}
  and (${rateLimits.blockedUntil} is null or ${rateLimits.blockedUntil} <= ${now})`;

/** One more try in a window, or one more refused where it has no room; anew once it has ended. */
const oneMore = (hasRoom: SQL) => ({
  count: sql`case when ${isOver} then 1
    when ${hasRoom} then ${rateLimits.count} + 1 else ${rateLimits.count} end`,
  refused: sql`case when ${isOver} then 0
    when ${hasRoom} then ${rateLimits.refused} else ${rateLimits.refused} + 1 end`,
  admitted: sql`${isOver} or ${hasRoom}`,
  windowEndsAt: sql`case when ${isOver} then excluded.window_ends_at
    else ${rateLimits.windowEndsAt} end`,
});

/** `blockAfter` returns until when an operation blocks those after it. */
const reservation = (blockAfter: (count: SQL) => SQL) =>
  builtForRows(windowState, (db, columns) =>
    db
      .insert(rateLimits)
      .values({
        ...givenRow(rateLimits, ['key', 'windowEndsAt']),
        count: 1,
        blockedUntil: blockAfter(sql`1`),
      })
      .onConflictDoUpdate({
        target: rateLimits.key,
        set: {
          ...oneMore(isOpen),
          blockedUntil: sql`case when ${isOver} then excluded.blocked_until
            when ${isOpen} then ${blockAfter(sql`${rateLimits.count} + 1`)}
            else ${rateLimits.blockedUntil} end`,
        },
      })
      .returning(columns),
  );

const reserveAtOnce = reservation(() => sql`null::timestamptz`);
const reserveWithDelay = reservation((count) => {
  const after = sql.placeholder('after');
  return sql`case when ${count} >= ${after}
    then ${now} + make_interval(secs => ${sql.placeholder('firstSeconds')}
      * power(2, least(${count} - ${after}, ${mostDoublings}))) end`;
});

/**
 * Reserves a place in a window if there is one, in one statement: each parallel caller on any
 * instance gets its own place or none (RL-6). A window ends at its fixed time, whatever comes
 * (ADV-53).
 */
export async function reserveInWindow(
  db: Db,
  { delay, now, ...place }: Reservation & { now: Date },
): Promise<WindowState> {
  const values = { ...place, now: now.toISOString() };
  const [row] = delay
    ? await reserveWithDelay(db, { ...values, ...delay })
    : await reserveAtOnce(db, values);
  if (!row) throw new Error('The window was not stored.');
  return row;
}

export type WiderReservation = {
  /** One window for each network, the narrowest first. */
  readonly places: readonly { readonly key: Uint8Array; readonly limit: number }[];
  readonly windowEndsAt: Date;
  readonly ownerKey: Uint8Array | null;
  readonly now: Date;
};

const keys = sql`${sql.placeholder('keys')}::bytea[]`;
const limits = sql`${sql.placeholder('limits')}::int[]`;
const windowEndsAt = sql`${sql.placeholder('windowEndsAt')}::timestamptz`;

const reserveTogether = builtForRows(keyedState, (db, columns) => {
  const place = sql`unnest(${keys}, ${limits}) with ordinality`;
  // Where one is full, only that one is written, to count the refusal. Rows are written in the
  // order of their keys: statements that want the same rows wait for each other and never deadlock.
  const rows = sql`select place.key, 1, 0, true, null::timestamptz, ${windowEndsAt},
      ${sql.placeholder('ownerKey')}::bytea
    from ${place} as place(key, most, number)
    where place.number = coalesce((
      select min(full_one.number) from ${place} as full_one(key, most, number)
      join rate_limits taken on taken.key = full_one.key
      where taken.window_ends_at > ${now} and taken.count >= full_one.most), place.number)
    order by place.key`;
  const most = sql`(${limits})[array_position(${keys}, ${rateLimits.key})]`;
  return db
    .insert(rateLimits)
    .select(rows)
    .onConflictDoUpdate({
      target: rateLimits.key,
      set: oneMore(sql`${rateLimits.count} < ${most}`),
    })
    .returning(columns);
});

/**
 * Reserves a place in every window at once, or in none where one is full: a network that is refused
 * uses up nothing of the wider ones. One statement. Returns the windows that it wrote, each with
 * its number in `places`.
 */
export async function reserveInWindows(
  db: Db,
  { places, windowEndsAt: endsAt, ownerKey, now: at }: WiderReservation,
): Promise<(WindowState & { readonly place: number })[]> {
  const rows = await reserveTogether(db, {
    keys: asPgArray(places.map(({ key }) => key)),
    limits: `{${places.map(({ limit }) => limit).join(',')}}`,
    windowEndsAt: endsAt.toISOString(),
    ownerKey,
    now: at.toISOString(),
  });
  return rows.map(({ key, ...state }) => ({
    ...state,
    place: places.findIndex((place) => Buffer.compare(place.key, key) === 0),
  }));
}

/**
 * The keys of the rows, locked in their order: a plain DELETE or UPDATE locks rows in physical
 * order and could deadlock with a reservation.
 */
const lockedInOrder = (db: Db, which: SQL) =>
  db
    .select({ key: rateLimits.key })
    .from(rateLimits)
    .where(which)
    .orderBy(asc(rateLimits.key))
    .for('update');

const byKeys = isAnyGiven(rateLimits.key, 'keys');
const byOwner = eq(rateLimits.ownerKey, sql.placeholder('ownerKey'));

const deleteInOrder = builtOnce((db) =>
  db.delete(rateLimits).where(inArray(rateLimits.key, lockedInOrder(db, byKeys))),
);

/** Resets the counters of these keys. */
export async function clearWindows(db: Db, input: { keys: readonly Uint8Array[] }): Promise<void> {
  await deleteInOrder(db, { keys: asPgArray(input.keys) });
}

const deleteOwned = builtOnce((db) =>
  db.delete(rateLimits).where(inArray(rateLimits.key, lockedInOrder(db, byOwner))),
);

/** Resets the counters that belong to an account. */
export async function clearOwnWindows(db: Db, input: { ownerKey: Uint8Array }): Promise<void> {
  await deleteOwned(db, input);
}

const takeOff = builtOnce((db) =>
  db
    .update(rateLimits)
    .set({ count: sql`${rateLimits.count} - 1` })
    .where(
      and(
        inArray(rateLimits.key, lockedInOrder(db, byKeys)),
        gt(rateLimits.count, 0),
        gt(rateLimits.windowEndsAt, given(rateLimits.windowEndsAt, 'now')),
      ),
    ),
);

/** Gives one operation back to each window while it still runs. */
export async function takeOffWindows(
  db: Db,
  input: { keys: readonly Uint8Array[]; now: Date },
): Promise<void> {
  await takeOff(db, { keys: asPgArray(input.keys), now: input.now });
}

/** A window that still runs; null where there is none. */
export async function findWindow(
  db: Db,
  input: { key: Uint8Array; now: Date },
): Promise<Pick<WindowState, 'count' | 'windowEndsAt'> | null> {
  const [row] = await db
    .select({ count: rateLimits.count, windowEndsAt: rateLimits.windowEndsAt })
    .from(rateLimits)
    .where(and(eq(rateLimits.key, input.key), gt(rateLimits.windowEndsAt, input.now)));
  return row ?? null;
}

/**
 * Removes up to `limit` expired windows, the oldest first, without waiting for locks (AV-7, RL-10).
 */
export async function deleteEndedWindows(
  db: Db,
  input: { now: Date; limit: number },
): Promise<void> {
  const ended = db
    .$with('ended')
    .as(
      db
        .select({ key: rateLimits.key })
        .from(rateLimits)
        .where(lte(rateLimits.windowEndsAt, input.now))
        .orderBy(asc(rateLimits.windowEndsAt))
        .limit(input.limit)
        .for('update', { skipLocked: true }),
    );
  await db
    .with(ended)
    .delete(rateLimits)
    .where(inArray(rateLimits.key, db.select({ key: ended.key }).from(ended)));
}
