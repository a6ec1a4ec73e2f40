import { and, asc, eq, gt, inArray, lte, sql } from 'drizzle-orm';
import type { Db } from '../driver/client.ts';
import { rateLimits } from '../tables/rate-limits.ts';
import { isAnyOf } from './any-of.ts';

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

/**
 * Takes a place in a window, where there is one, in one statement: parallel callers on any number
 * of instances each get a place of their own or none (RL-6). A window ends when it was set to end,
 * whatever comes (ADV-53).
 */
export async function reserveInWindow(
  db: Db,
  input: Reservation & { now: Date },
): Promise<WindowState> {
  const now = sql`${input.now.toISOString()}::timestamptz`;
  const isOver = sql`${rateLimits.windowEndsAt} <= ${now}`;
  const isOpen = sql`${rateLimits.count} < ${input.limit} and (${rateLimits.blockedUntil} is null or ${rateLimits.blockedUntil} <= ${now})`;
  const { delay } = input;
  const blockAfter = (count: ReturnType<typeof sql>) =>
    delay === null
      ? sql`null::timestamptz`
      : sql`case when ${count} >= ${delay.after} then ${now} + make_interval(secs => ${delay.firstSeconds} * power(2, least(${count} - ${delay.after}, ${mostDoublings}))) end`;
  const [row] = await db
    .insert(rateLimits)
    .values({
      key: input.key,
      count: 1,
      windowEndsAt: input.windowEndsAt,
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
    .returning();
  if (!row) throw new Error('The window was not stored.');
  return row;
}

/** Forgets what was counted against these keys. */
export async function clearWindows(db: Db, input: { keys: readonly Uint8Array[] }): Promise<void> {
  // Locked in the keys' order too: a plain DELETE takes rows as they lie, and now and then waits
  // for a reservation that waits for it.
  const inOrder = db
    .select({ key: rateLimits.key })
    .from(rateLimits)
    .where(isAnyOf(rateLimits.key, input.keys))
    .orderBy(asc(rateLimits.key))
    .for('update');
  await db.delete(rateLimits).where(inArray(rateLimits.key, inOrder));
}

/** Takes one operation off a count that still runs. */
export async function takeOffWindow(db: Db, input: { key: Uint8Array; now: Date }): Promise<void> {
  await db
    .update(rateLimits)
    .set({ count: sql`${rateLimits.count} - 1` })
    .where(
      and(
        eq(rateLimits.key, input.key),
        gt(rateLimits.count, 0),
        gt(rateLimits.windowEndsAt, input.now),
      ),
    );
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
