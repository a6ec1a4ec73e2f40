import { index, integer, pgTable, timestamp } from 'drizzle-orm/pg-core';
import { bytes } from './bytes.ts';

/** A counter in a window that does not slide (ADV-53). The key is an HMAC of bucket and identifier (RL-10). */
export const rateLimits = pgTable(
  'rate_limits',
  {
    key: bytes('key').primaryKey(),
    count: integer('count').notNull(),
    windowEndsAt: timestamp('window_ends_at', { withTimezone: true, precision: 3 }).notNull(),
  },
  (table) => [index('rate_limits_window_ends_at_index').on(table.windowEndsAt)],
);
