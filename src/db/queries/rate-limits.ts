import { and, asc, eq, getTableColumns, gt, inArray, lte, type SQL, sql } from 'drizzle-orm';
import { builtOnce } from '../driver/built-once.ts';
import type { Db } from '../driver/client.ts';
import { rateLimits } from '../tables/rate-limits.ts';
import { asPgArray, isAnyGiven } from './any-of.ts';
import { builtForRows, given, givenRow } from './built-rows.ts';

export type Reservation = {
  readonly key: Uint8Array;
  readonly limit: number;
  /** Where this operation begins a window. */
  readonly windowEndsAt: Date;
  /**
   * After the `after`th operation of a window the next has to wait `firstSeconds`, after each
   * further one twice as long.
   */
  readonly delay: { readonly after: number; readonly firstSeconds: number } | null;
};

export type WindowState = {
  readonly admitted: boolean;
  readonly count: number;
  /** Operations of this window that were not let through, this one included. */
  readonly refused: number;
  readonly blockedUntil: Date | null;
  readonly windowEndsAt: Date;
};

/** Past this many doublings the window's end comes first anyway. */
const mostDoublings = 20;

const { key: _, ...windowState } = getTableColumns(rateLimits);
const now = sql`${sql.placeholder('now')}::timestamptz`;
const isOver = sql`${rateLimits.windowEndsAt} <= ${now}`;
const isOpen = sql`${rateLimits.count} < ${sql.placeholder('limit')} and (${rateLimits.blockedUntil} is null or ${rateLimits.blockedUntil} <= ${now})`;

/** `blockAfter` says until when the operation of that count blocks those after it. */
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
          count: sql`case when ${isOver} then 1 when ${isOpen} then ${rateLimits.count} + 1 else ${rateLimits.count} end`,
          refused: sql`case when ${isOver} then 0 when ${isOpen} then ${rateLimits.refused} else ${rateLimits.refused} + 1 end`,
          admitted: sql`${isOver} or ${isOpen}`,
          blockedUntil: sql`case when ${isOver} then excluded.blocked_until when ${isOpen} then ${blockAfter(sql`${rateLimits.count} + 1`)} else ${rateLimits.blockedUntil} end`,
          windowEndsAt: sql`case when ${isOver} then excluded.window_ends_at else ${rateLimits.windowEndsAt} end`,
        },
      })
      .returning(columns),
  );

const reserveAtOnce = reservation(() => sql`null::timestamptz`);
const reserveWithDelay = reservation((count) => {
  const after = sql.placeholder('after');
  return sql`case when ${count} >= ${after} then ${now} + make_interval(secs => ${sql.placeholder('firstSeconds')} * power(2, least(${count} - ${after}, ${mostDoublings}))) end`;
});

/**
 * Takes a place in a window, where there is one, in one statement: parallel callers on any number
 * of instances each get a place of their own or none (RL-6). A window ends when it was set to end,
 * whatever comes (ADV-53).
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

const deleteInOrder = builtOnce((db) => {
  // Locked in the keys' order too: a plain DELETE takes rows as they lie, and now and then waits
  // for a reservation that waits for it.
  const inOrder = db
    .select({ key: rateLimits.key })
    .from(rateLimits)
    .where(isAnyGiven(rateLimits.key, 'keys'))
    .orderBy(asc(rateLimits.key))
    .for('update');
  return db.delete(rateLimits).where(inArray(rateLimits.key, inOrder));
});

/** Forgets what was counted against these keys. */
export async function clearWindows(db: Db, input: { keys: readonly Uint8Array[] }): Promise<void> {
  await deleteInOrder(db, { keys: asPgArray(input.keys) });
}

const takeOff = builtOnce((db) =>
  db
    .update(rateLimits)
    .set({ count: sql`${rateLimits.count} - 1` })
    .where(
      and(
        eq(rateLimits.key, sql.placeholder('key')),
        gt(rateLimits.count, 0),
        gt(rateLimits.windowEndsAt, given(rateLimits.windowEndsAt, 'now')),
      ),
    ),
);

/** Takes one operation off a count that still runs. */
export async function takeOffWindow(db: Db, input: { key: Uint8Array; now: Date }): Promise<void> {
  await takeOff(db, input);
}

/**
 * Removes up to `limit` windows that are over, the oldest first, and waits for nobody (AV-7,
 * RL-10).
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
