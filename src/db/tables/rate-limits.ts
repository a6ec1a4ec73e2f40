import { boolean, index, integer, pgTable, timestamp } from 'drizzle-orm/pg-core';
import { bytes } from './bytes.ts';

/**
 * A counter in a window that does not slide (ADV-53). The key is an HMAC of bucket and identifier
 * (RL-10).
 */
export const rateLimits = pgTable(
  'rate_limits',
  {
    key: bytes('key').primaryKey(),
    /** Operations that were let through in this window. What was refused used nothing up. */
    count: integer('count').notNull(),
    refused: integer('refused').notNull().default(0),
    /**
     * Whether the last operation was let through: what the statement that counted it answers with.
     */
    admitted: boolean('admitted').notNull().default(true),
    /** Nothing is let through before; null where the next may come at once. */
    blockedUntil: timestamp('blocked_until', { withTimezone: true, precision: 3 }),
    windowEndsAt: timestamp('window_ends_at', { withTimezone: true, precision: 3 }).notNull(),
  },
  (table) => [index('rate_limits_window_ends_at_index').on(table.windowEndsAt)],
);
