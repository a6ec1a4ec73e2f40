import { eq, lt, sql } from 'drizzle-orm';
import type { Db } from '../driver/client.ts';
import { knownDevices } from '../tables/known-devices.ts';

type Device = { readonly userId: string; readonly deviceHash: Uint8Array };

/**
 * Notes that a device was here, to the day; true where it had not been before. Of any number of
 * callers one is told so.
 */
export async function noteDevice(
  db: Db,
  input: Device & { id: string; now: Date; refreshBefore: Date },
): Promise<boolean> {
  const { id, userId, deviceHash, now } = input;
  const [row] = await db
    .insert(knownDevices)
    .values({ id, userId, deviceHash, firstSeenAt: now, lastSeenAt: now })
    .onConflictDoUpdate({
      target: [knownDevices.userId, knownDevices.deviceHash],
      set: { lastSeenAt: now },
      setWhere: lt(knownDevices.lastSeenAt, input.refreshBefore),
    })
    // A row that was there before has been locked by this statement, and so has an xmax.
    .returning({ isNew: sql<boolean>`(xmax = 0)` });
  return row?.isNew === true;
}

/** Forgets every device of a user (RC-6). */
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
