import { eq, or } from 'drizzle-orm';
import type { Db } from '../driver/client.ts';
import { auditOrigins } from '../tables/audit-origins.ts';

/**
 * Erases the origins of a person's events, and of events in which their address was typed. The
 * events stay, under random ids.
 */
export async function eraseOriginsOf(
  db: Db,
  input: { personId: string; accountKey: Uint8Array },
): Promise<void> {
  await db
    .delete(auditOrigins)
    .where(
      or(eq(auditOrigins.personId, input.personId), eq(auditOrigins.accountKey, input.accountKey)),
    );
}
