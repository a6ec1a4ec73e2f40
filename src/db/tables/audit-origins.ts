import { sql } from 'drizzle-orm';
import { index, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core';
import { bytes } from './bytes.ts';

/**
 * Where an audit event came from. Stored separately, so that it can be made coarse with age and
 * erased with the account (DP-4, DP-6).
 */
export const auditOrigins = pgTable(
  'audit_origins',
  {
    eventId: uuid('event_id').primaryKey(),
    /** Whose data this is: a signed-in caller, otherwise the account that the event is about. */
    personId: uuid('person_id'),
    /** The HMAC of the address that was typed, known or not (LG-7); see rate-limits/reserve. */
    accountKey: bytes('account_key'),
    ipAddress: text('ip_address'),
    userAgent: text('user_agent'),
    at: timestamp('at', { withTimezone: true, precision: 3 }).notNull(),
    /** When the address and User-Agent were made coarse. */
    shortenedAt: timestamp('shortened_at', { withTimezone: true, precision: 3 }),
  },
  (table) => [
    index('audit_origins_person_index').on(table.personId),
    index('audit_origins_account_key_index')
      .on(table.accountKey)
      .where(sql`${table.accountKey} is not null`),
    index('audit_origins_full_index').on(table.at).where(sql`${table.shortenedAt} is null`),
  ],
);

export type AuditOriginRow = typeof auditOrigins.$inferSelect;
