import { index, integer, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core';
import { bytes } from './bytes.ts';
import { users } from './users.ts';

/**
 * A signed-in device and its family of refresh tokens: the row has the hashes of the current token
 * and the one before it.
 */
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
    /**
     * The generation whose tokens no one has shown yet, refresh token or access token; null where
     * none is awaited. Until then the answer that brought them may have been lost.
     */
    unseenGeneration: integer('unseen_generation'),
    rotatedAt: timestamp('rotated_at', { withTimezone: true, precision: 3 }),
    /**
     * Rotations in the window that ends then (budget `refresh:session`); stored here so that a
     * refresh stays one statement.
     */
    refreshWindowEndsAt: timestamp('refresh_window_ends_at', { withTimezone: true, precision: 3 }),
    refreshWindowCount: integer('refresh_window_count').notNull().default(0),
    createdAt: timestamp('created_at', { withTimezone: true, precision: 3 }).notNull(),
    lastUsedAt: timestamp('last_used_at', { withTimezone: true, precision: 3 }).notNull(),
    /** Moves forward with each refresh (SE-5); never past absoluteExpiresAt. */
    idleExpiresAt: timestamp('idle_expires_at', { withTimezone: true, precision: 3 }).notNull(),
    /** Fixed at sign-in (SE-4). */
    absoluteExpiresAt: timestamp('absolute_expires_at', {
      withTimezone: true,
      precision: 3,
    }).notNull(),
    authenticatedAt: timestamp('authenticated_at', { withTimezone: true, precision: 3 }).notNull(),
    /** RFC 8176 method names, as in the token's `amr`. */
    methods: text('methods').array().notNull(),
    /**
     * The methods that the policy counts, which RFC 8176 has no names for: PASSWORD, EMAIL, TOTP,
     * RECOVERY_CODE (domain/factors/rules).
     */
    provedMethods: text('proved_methods').array().notNull(),
    /** The provider that vouched for the user, as IDENTITY_PROVIDERS_FILE calls it. */
    identityProvider: text('identity_provider'),
    /** The network where it began, coarse from the start (DP-6): `203.0.113.0/24`. */
    network: text('network'),
    /** `Firefox on Linux`. */
    device: text('device'),
    revokedAt: timestamp('revoked_at', { withTimezone: true, precision: 3 }),
    revokedReason: text('revoked_reason'),
  },
  (table) => [
    // A user's active sessions are one short index range, however many ended ones wait for the
    // purge. No column that a refresh changes is indexed, so that PostgreSQL can update in place
    // (HOT).
    index('sessions_user_id_index').on(table.userId, table.revokedAt, table.createdAt),
    index('sessions_absolute_expires_at_index').on(table.absoluteExpiresAt),
  ],
);

export type SessionRow = typeof sessions.$inferSelect;
