import { sql } from 'drizzle-orm';
import { index, jsonb, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core';

/**
 * The audit trail, written with each change and never altered: the application's role may only
 * insert and read (LG-6). No foreign keys: the trail outlives the account. It identifies people
 * only by random ids; everything else is in audit_origins.
 */
export const auditEvents = pgTable(
  'audit_events',
  {
    id: uuid('id').primaryKey(),
    at: timestamp('at', { withTimezone: true, precision: 3 }).notNull(),
    type: text('type').notNull(),
    outcome: text('outcome').notNull(),
    actorId: uuid('actor_id'),
    subjectId: uuid('subject_id'),
    /** A short HMAC of the session's id (LG-2), which shows which events belong together. */
    sessionHash: text('session_hash'),
    requestId: text('request_id'),
    /** Only random ids, counts and our own words; never an address. */
    detail: jsonb('detail').$type<Record<string, string | number | boolean | null>>(),
  },
  (table) => [
    index('audit_events_subject_index').on(table.subjectId, table.id),
    // What a user, such as an administrator, did to others.
    index('audit_events_actor_index')
      .on(table.actorId, table.id)
      .where(sql`${table.actorId} is distinct from ${table.subjectId}`),
    index('audit_events_type_index').on(table.type, table.id),
  ],
);

export type AuditEventRow = typeof auditEvents.$inferSelect;
