import type { Context } from '../../context.ts';
import type { Db } from '../../db/driver/client.ts';
import { eraseOriginsOf } from '../../db/queries/audit-origins.ts';
import { deleteUnverifiedHolder } from '../../db/queries/users.ts';
import { recordAudit } from '../audit/record.ts';
import { accountKey } from '../rate-limits/reserve.ts';

/**
 * Erases an unverified account of that address, or an invitation, for a user who has proved the
 * mailbox (RC-7). A verified account is left alone, and the unique index refuses the change. Runs
 * within the transaction of the change.
 */
export async function displaceUnverified(
  ctx: Context,
  { db, emailCanonical, exceptId }: { db: Db; emailCanonical: string; exceptId: string },
): Promise<void> {
  const subjectId = await deleteUnverifiedHolder(db, { emailCanonical, exceptId });
  if (subjectId === null) return;
  await eraseOriginsOf(db, { personId: subjectId, accountKey: accountKey(ctx, emailCanonical) });
  await recordAudit(ctx, {
    db,
    type: 'account.deleted',
    outcome: 'SUCCESS',
    subjectId,
    actorId: exceptId,
    withoutOrigin: true,
    detail: { cause: 'address_proved_by_another' },
  });
}
