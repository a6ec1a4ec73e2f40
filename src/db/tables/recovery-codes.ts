import { pgTable, text, timestamp, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import { bytes } from './bytes.ts';
import { users } from './users.ts';

/** Recovery codes for a lost phone, as a set: a new set replaces all previous codes. */
export const recoveryCodes = pgTable(
  'recovery_codes',
  {
    id: uuid('id').primaryKey(),
    userId: uuid('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    /** HMAC of user id and code (OT-16). */
    codeHash: bytes('code_hash').notNull(),
    /** The key of the HMAC: when that key is gone, the code is worthless and no longer counted. */
    keyId: text('key_id').notNull(),
    usedAt: timestamp('used_at', { withTimezone: true, precision: 3 }),
    createdAt: timestamp('created_at', { withTimezone: true, precision: 3 }).notNull(),
  },
  (table) => [
    uniqueIndex('recovery_codes_user_id_code_hash_unique').on(table.userId, table.codeHash),
  ],
);

export type RecoveryCodeRow = typeof recoveryCodes.$inferSelect;
