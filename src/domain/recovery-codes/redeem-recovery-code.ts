import type { Context } from '../../context.ts';
import type { Transaction } from '../../db/driver/transaction.ts';
import { spendRecoveryCode } from '../../db/queries/recovery-codes.ts';
import type { UserRow } from '../../db/tables/users.ts';
import { recordAudit } from '../audit/record.ts';
import { requestOrigin } from '../origins/request-origin.ts';
import { enqueueEmail } from '../outbox/enqueue-email.ts';
import { countRecoveryCodes } from './count-recovery-codes.ts';
import { recoveryCodeHashes } from './recovery-code.ts';

type Input = { readonly db: Transaction; readonly user: UserRow; readonly code: string };

/**
 * Spends one of the user's codes and notifies them; false where there is no such code, or it was
 * already used.
 */
export async function redeemRecoveryCode(
  ctx: Context,
  { db, user, code }: Input,
): Promise<boolean> {
  const now = ctx.clock.now();
  const codeHashes = recoveryCodeHashes(ctx.keys, user.id, code);
  if (!(await spendRecoveryCode(db, { userId: user.id, codeHashes, now }))) return false;
  const left = await countRecoveryCodes(ctx, { db, userId: user.id });
  await recordAudit(ctx, {
    db,
    type: 'recovery_code.used',
    outcome: 'SUCCESS',
    subjectId: user.id,
    detail: { left },
  });
  await enqueueEmail(ctx, {
    db,
    to: user.email,
    locale: user.locale,
    content: { template: 'recovery-code-used', codesLeft: String(left), ...requestOrigin(ctx) },
  });
  return true;
}
