import { sql } from 'drizzle-orm';
import { index, integer, pgTable, timestamp, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import { bytes } from './bytes.ts';
import { users } from './users.ts';

/**
 * An authenticator app: pending until one of its codes has been accepted, then active. A user has
 * at most one of each.
 */
export const totpAuthenticators = pgTable(
  'totp_authenticators',
  {
    id: uuid('id').primaryKey(),
    userId: uuid('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    /** AES-256-GCM, bound to user and row (DP-1). */
    sealedSecret: bytes('sealed_secret').notNull(),
    /** The highest time step that was accepted (RFC 6238 5.2); null while pending. */
    lastStep: integer('last_step'),
    confirmedAt: timestamp('confirmed_at', { withTimezone: true, precision: 3 }),
    /** Until when a pending one may be confirmed. */
    expiresAt: timestamp('expires_at', { withTimezone: true, precision: 3 }).notNull(),
    createdAt: timestamp('created_at', { withTimezone: true, precision: 3 }).notNull(),
  },
  (table) => [
    uniqueIndex('totp_authenticators_confirmed_unique')
      .on(table.userId)
      .where(sql`${table.confirmedAt} is not null`),
    index('totp_authenticators_pending_index')
      .on(table.expiresAt)
      .where(sql`${table.confirmedAt} is null`),
    uniqueIndex('totp_authenticators_pending_unique')
      .on(table.userId)
      .where(sql`${table.confirmedAt} is null`),
  ],
);

export type TotpAuthenticatorRow = typeof totpAuthenticators.$inferSelect;
