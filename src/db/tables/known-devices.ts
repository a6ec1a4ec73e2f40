import { index, pgTable, timestamp, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import { bytes } from './bytes.ts';
import { users } from './users.ts';

/**
 * Kinds of device that a user has signed in from. They grant nothing: they only decide whether a
 * sign-in is worth a mail.
 */
export const knownDevices = pgTable(
  'known_devices',
  {
    id: uuid('id').primaryKey(),
    userId: uuid('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    /**
     * HMAC of the user and of browser and system, such as `Firefox on Linux`
     * (domain/sessions/known-device).
     */
    deviceHash: bytes('device_hash').notNull(),
    firstSeenAt: timestamp('first_seen_at', { withTimezone: true, precision: 3 }).notNull(),
    lastSeenAt: timestamp('last_seen_at', { withTimezone: true, precision: 3 }).notNull(),
  },
  (table) => [
    uniqueIndex('known_devices_user_id_device_hash_unique').on(table.userId, table.deviceHash),
    index('known_devices_last_seen_at_index').on(table.lastSeenAt),
  ],
);
