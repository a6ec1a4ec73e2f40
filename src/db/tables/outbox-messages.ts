import { sql } from 'drizzle-orm';
import { boolean, index, integer, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core';
import { bytes } from './bytes.ts';

/**
 * Outgoing messages, written in the transaction of the change that they report. The id is the
 * idempotency key.
 */
export const outboxMessages = pgTable(
  'outbox_messages',
  {
    id: uuid('id').primaryKey(),
    /**
     * How it is sent (domain/outbox/deliver-due). Rows of versions before this column are mails.
     */
    kind: text('kind').notNull().default('mail'),
    /** Which message of its kind, such as the template of a mail. */
    template: text('template').notNull(),
    /**
     * Recipient, locale and variables, sealed so that no dump contains a code (DP-2). Erased once
     * the message is sent.
     */
    sealedPayload: bytes('sealed_payload'),
    attempts: integer('attempts').notNull().default(0),
    /** Not sent before; also the end of the lease of the worker that has taken the row. */
    availableAt: timestamp('available_at', { withTimezone: true, precision: 3 }).notNull(),
    expiresAt: timestamp('expires_at', { withTimezone: true, precision: 3 }).notNull(),
    sentAt: timestamp('sent_at', { withTimezone: true, precision: 3 }),
    failedAt: timestamp('failed_at', { withTimezone: true, precision: 3 }),
    lastError: text('last_error'),
    /**
     * Beside an error: whether it was the provider's, so that its recovery makes the row due before
     * its time. Null where a version before this column wrote the error, and counts as true.
     */
    waitsForProvider: boolean('waits_for_provider'),
    createdAt: timestamp('created_at', { withTimezone: true, precision: 3 }).notNull(),
  },
  (table) => [
    index('outbox_messages_due_index')
      .on(table.availableAt)
      .where(sql`${table.sentAt} is null and ${table.failedAt} is null`),
    index('outbox_messages_created_at_index').on(table.createdAt),
    // Few are given up: what administrators are told of them reads no other.
    index('outbox_messages_failed_at_index')
      .on(table.failedAt)
      .where(sql`${table.failedAt} is not null`)
      .concurrently(),
  ],
);

export type OutboxMessageRow = typeof outboxMessages.$inferSelect;
