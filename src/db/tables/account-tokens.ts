import { sql } from 'drizzle-orm';
import { index, pgTable, text, timestamp, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import { bytes } from './bytes.ts';
import { users } from './users.ts';

/**
 * The tokens of links in mails, stored only as hashes (DP-2). A row without a user is a decoy: it
 * costs the same and no token ever matches it.
 */
export const accountTokens = pgTable(
  'account_tokens',
  {
    id: uuid('id').primaryKey(),
    /** SHA-256 of 256 random bits. */
    tokenHash: bytes('token_hash').notNull(),
    userId: uuid('user_id').references(() => users.id, { onDelete: 'cascade' }),
    purpose: text('purpose').notNull(),
    /** The mailbox that the token was sent to and so proves; null for decoys. */
    email: text('email'),
    createdAt: timestamp('created_at', { withTimezone: true, precision: 3 }).notNull(),
    expiresAt: timestamp('expires_at', { withTimezone: true, precision: 3 }).notNull(),
    /** When it was used or revoked. */
    endedAt: timestamp('ended_at', { withTimezone: true, precision: 3 }),
  },
  (table) => [
    uniqueIndex('account_tokens_token_hash_unique').on(table.tokenHash),
    /** At most one reset token of a user is valid, also under concurrency (RC-3). */
    uniqueIndex('account_tokens_live_reset_unique')
      .on(table.userId)
      .where(sql`${table.purpose} = 'RESET_PASSWORD' and ${table.endedAt} is null`),
    index('account_tokens_user_id_index').on(table.userId),
    index('account_tokens_expires_at_index').on(table.expiresAt),
  ],
);

export type AccountTokenRow = typeof accountTokens.$inferSelect;
