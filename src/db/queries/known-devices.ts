import { eq, lt, sql } from 'drizzle-orm';
import { builtOnce } from '../driver/built-once.ts';
import type { Db } from '../driver/client.ts';
import { knownDevices } from '../tables/known-devices.ts';
import { given, givenRow } from './built-rows.ts';

type Device = { readonly userId: string; readonly deviceHash: Uint8Array };

const note = builtOnce((db) =>
  db
    .insert(knownDevices)
    .values({
      ...givenRow(knownDevices, ['id', 'userId', 'deviceHash']),
      firstSeenAt: given(knownDevices.firstSeenAt, 'now'),
      lastSeenAt: given(knownDevices.lastSeenAt, 'now'),
    })
    .onConflictDoUpdate({
      target: [knownDevices.userId, knownDevices.deviceHash],
      set: { lastSeenAt: given(knownDevices.lastSeenAt, 'now') },
      setWhere: lt(knownDevices.lastSeenAt, given(knownDevices.lastSeenAt, 'refreshBefore')),
    })
    // An existing row was locked by this statement, and so has an xmax.
    .returning({ isNew: sql<boolean>`(xmax = 0)` }),
);

/**
 * Records the day that a device was seen; true when it is new. Of any number of concurrent callers
 * one gets true.
 */
export async function noteDevice(
  db: Db,
  input: Device & { id: string; now: Date; refreshBefore: Date },
): Promise<boolean> {
  const [row] = await note(db, input);
  return row?.[0] === true;
}

/** Removes every device of a user (RC-6). */
export async function forgetDevices(db: Db, input: { userId: string }): Promise<void> {
  await db.delete(knownDevices).where(eq(knownDevices.userId, input.userId));
}

export type KnownDevice = { readonly firstSeenAt: Date; readonly lastSeenAt: Date };

export async function findDevicesOf(db: Db, input: { userId: string }): Promise<KnownDevice[]> {
  return db
    .select({ firstSeenAt: knownDevices.firstSeenAt, lastSeenAt: knownDevices.lastSeenAt })
    .from(knownDevices)
    .where(eq(knownDevices.userId, input.userId))
    .orderBy(knownDevices.firstSeenAt);
}
