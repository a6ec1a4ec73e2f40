import type { Db } from '../client.ts';
import { auditEvents } from '../tables/audit-events.ts';

export async function insertAuditEvent(db: Db, row: typeof auditEvents.$inferInsert): Promise<void> {
  await db.insert(auditEvents).values(row);
}
