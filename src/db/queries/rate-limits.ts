import { and, asc, eq, gt, inArray, sql } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { rateLimits } from '../tables/rate-limits.ts';

export type Reservation = { readonly key: Uint8Array; readonly windowEndsAt: Date };

/**
 * Counts one operation against each key and answers with the counts that hold now, in one statement: parallel callers on any
 * number of instances each get a number of their own (RL-6). A window ends when it was set to end, whatever comes (ADV-53).
 */
export async function reserveInWindows(
  db: Db,
  input: { reservations: readonly Reservation[]; now: Date },
): Promise<{ key: Uint8Array; count: number; windowEndsAt: Date }[]> {
  // In the keys' order, so that two statements never wait for each other's rows.
  const rows = [...input.reservations]
    .sort((a, b) => Buffer.compare(a.key, b.key))
    .map((entry) => ({ key: entry.key, count: 1, windowEndsAt: entry.windowEndsAt }));
  const now = input.now.toISOString();
  return db
    .insert(rateLimits)
    .values(rows)
    .onConflictDoUpdate({
      target: rateLimits.key,
      set: {
        count: sql`case when ${rateLimits.windowEndsAt} <= ${now}::timestamptz then 1 else ${rateLimits.count} + 1 end`,
        windowEndsAt: sql`case when ${rateLimits.windowEndsAt} <= ${now}::timestamptz then excluded.window_ends_at else ${rateLimits.windowEndsAt} end`,
      },
    })
    .returning();
}

/** Forgets what was counted against these keys. */
export async function clearWindows(db: Db, input: { keys: readonly Uint8Array[] }): Promise<void> {
  // Locked in the keys' order too: a plain DELETE takes rows as they lie, and now and then waits for a reservation that waits for it.
  const inOrder = db
    .select({ key: rateLimits.key })
    .from(rateLimits)
    .where(inArray(rateLimits.key, [...input.keys]))
    .orderBy(asc(rateLimits.key))
    .for('update');
  await db.delete(rateLimits).where(inArray(rateLimits.key, inOrder));
}

/** Takes one operation off a count that still runs. */
export async function takeOffWindow(db: Db, input: { key: Uint8Array; now: Date }): Promise<void> {
  await db
    .update(rateLimits)
    .set({ count: sql`${rateLimits.count} - 1` })
    .where(and(eq(rateLimits.key, input.key), gt(rateLimits.count, 0), gt(rateLimits.windowEndsAt, input.now)));
}
