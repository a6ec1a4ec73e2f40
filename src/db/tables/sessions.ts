import { index, integer, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core';
import { bytes } from './bytes.ts';
import { users } from './users.ts';

/** A signed-in device and its family of refresh tokens: the row holds the current token's hash and the one before it. */
export const sessions = pgTable(
  'sessions',
  {
    id: uuid('id').primaryKey(),
    userId: uuid('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    refreshHash: bytes('refresh_hash').notNull(),
    previousRefreshHash: bytes('previous_refresh_hash'),
    refreshGeneration: integer('refresh_generation').notNull().default(0),
    rotatedAt: timestamp('rotated_at', { withTimezone: true, precision: 3 }),
    createdAt: timestamp('created_at', { withTimezone: true, precision: 3 }).notNull(),
    lastUsedAt: timestamp('last_used_at', { withTimezone: true, precision: 3 }).notNull(),
    /** Moves forward with each refresh (SE-5); never past absoluteExpiresAt. */
    idleExpiresAt: timestamp('idle_expires_at', { withTimezone: true, precision: 3 }).notNull(),
    /** Fixed at sign-in (SE-4). */
    absoluteExpiresAt: timestamp('absolute_expires_at', { withTimezone: true, precision: 3 }).notNull(),
    authenticatedAt: timestamp('authenticated_at', { withTimezone: true, precision: 3 }).notNull(),
    /** RFC 8176 method names, as the token's `amr`. */
    methods: text('methods').array().notNull(),
    /** What the policy counts, which RFC 8176 has no names for: PASSWORD, EMAIL, TOTP, RECOVERY_CODE (domain/otp/rules). */
    provedMethods: text('proved_methods').array().notNull(),
    ipAddress: text('ip_address'),
    userAgent: text('user_agent'),
    revokedAt: timestamp('revoked_at', { withTimezone: true, precision: 3 }),
    revokedReason: text('revoked_reason'),
  },
  (table) => [
    index('sessions_user_id_index').on(table.userId, table.createdAt),
    index('sessions_absolute_expires_at_index').on(table.absoluteExpiresAt),
  ],
);

export type SessionRow = typeof sessions.$inferSelect;
