import { sql } from 'drizzle-orm';
import { boolean, index, integer, pgTable, timestamp } from 'drizzle-orm/pg-core';
import { bytes } from './bytes.ts';

/** A counter in a fixed window (ADV-53). The key is an HMAC of bucket and identifier (RL-10). */
export const rateLimits = pgTable(
  'rate_limits',
  {
    key: bytes('key').primaryKey(),
    /** Allowed operations in this window; a refusal consumes nothing further. */
    count: integer('count').notNull(),
    refused: integer('refused').notNull().default(0),
    /** Whether the last operation was allowed; the statement that counted it returns this. */
    admitted: boolean('admitted').notNull().default(true),
    /** Nothing is allowed before this time; null when the next operation may come at once. */
    blockedUntil: timestamp('blocked_until', { withTimezone: true, precision: 3 }),
    windowEndsAt: timestamp('window_ends_at', { withTimezone: true, precision: 3 }).notNull(),
    /**
     * The account whose reset clears this row, where the key alone does not lead to it: an HMAC, as
     * every key.
     */
    ownerKey: bytes('owner_key'),
  },
  (table) => [
    index('rate_limits_window_ends_at_index').on(table.windowEndsAt),
    index('rate_limits_owner_key_index')
      .on(table.ownerKey)
      .where(sql`${table.ownerKey} is not null`),
  ],
);
