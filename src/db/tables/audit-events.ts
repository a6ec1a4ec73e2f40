import { index, jsonb, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core';

/** What happened, written with the change and never altered. No foreign keys: the trail outlives the account. */
export const auditEvents = pgTable(
  'audit_events',
  {
    id: uuid('id').primaryKey(),
    at: timestamp('at', { withTimezone: true, precision: 3 }).notNull(),
    type: text('type').notNull(),
    outcome: text('outcome').notNull(),
    actorId: uuid('actor_id'),
    subjectId: uuid('subject_id'),
    sessionId: uuid('session_id'),
    ipAddress: text('ip_address'),
    userAgent: text('user_agent'),
    requestId: text('request_id'),
    detail: jsonb('detail').$type<Record<string, string | number | boolean | null>>(),
  },
  (table) => [
    index('audit_events_subject_index').on(table.subjectId, table.id),
    index('audit_events_type_index').on(table.type, table.id),
  ],
);

export type AuditEventRow = typeof auditEvents.$inferSelect;
