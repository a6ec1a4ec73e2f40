import type { Context } from '../../context.ts';
import type { Db } from '../../db/driver/client.ts';
import { eraseOriginsOf } from '../../db/queries/audit-origins.ts';
import { deleteUnverifiedHolder } from '../../db/queries/users.ts';
import { recordAudit } from '../audit/record.ts';
import { accountKey } from '../rate-limits/reserve.ts';

/**
 * Erases an account of that address which nobody has proved, an invitation too, for one who has
 * proved the mailbox (RC-7). Where somebody has proved it before, nothing happens here and the
 * unique index speaks. Within the transaction of the change.
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
    detail: { reason: 'address_proved_by_another' },
  });
}
