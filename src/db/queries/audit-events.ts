import { and, desc, eq, lt } from 'drizzle-orm';
import type { Db } from '../client.ts';
import { type AuditEventRow, auditEvents } from '../tables/audit-events.ts';
import { type AuditOriginRow, auditOrigins } from '../tables/audit-origins.ts';

/** An event with where it came from, as far as that is still kept. */
export type AuditEntry = AuditEventRow & Pick<AuditOriginRow, 'ipAddress' | 'userAgent'>;

/** Writes an event and its origin in one statement. */
export async function insertAuditEvent(
  db: Db,
  input: {
    event: typeof auditEvents.$inferInsert;
    origin: Omit<typeof auditOrigins.$inferInsert, 'eventId' | 'at'> | null;
  },
): Promise<void> {
  const { event, origin } = input;
  if (origin === null) {
    await db.insert(auditEvents).values(event);
    return;
  }
  const written = db.$with('written').as(db.insert(auditEvents).values(event).returning({ id: auditEvents.id }));
  await db
    .with(written)
    .insert(auditOrigins)
    .values({ ...origin, eventId: event.id, at: event.at });
}

/** Events about a user, the newest first, from the one after `before` on. Ids are UUIDv7: they sort by time. */
export async function findEventsAbout(
  db: Db,
  input: { subjectId: string; before: string | null; limit: number },
): Promise<AuditEntry[]> {
  const rows = await db
    .select({ event: auditEvents, ipAddress: auditOrigins.ipAddress, userAgent: auditOrigins.userAgent })
    .from(auditEvents)
    .leftJoin(auditOrigins, eq(auditOrigins.eventId, auditEvents.id))
    .where(
      and(
        eq(auditEvents.subjectId, input.subjectId),
        ...(input.before === null ? [] : [lt(auditEvents.id, input.before)]),
      ),
    )
    .orderBy(desc(auditEvents.id))
    .limit(input.limit);
  return rows.map(({ event, ipAddress, userAgent }) => ({ ...event, ipAddress, userAgent }));
}
