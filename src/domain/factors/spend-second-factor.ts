import type { Context } from '../../context.ts';
import type { Transaction } from '../../db/driver/transaction.ts';
import type { UserRow } from '../../db/tables/users.ts';
import { redeemRecoveryCode } from '../recovery-codes/redeem-recovery-code.ts';
import { acceptTotpCode } from '../totp/accept-totp-code.ts';

type Input = {
  /** The transaction that locks the user's row: a rollback restores what was spent. */
  readonly db: Transaction;
  readonly user: UserRow;
  readonly method: 'TOTP' | 'RECOVERY_CODE';
  readonly code: string;
};

/**
 * Whether the code is valid; each code is accepted once. The caller has reserved the attempt
 * (failure-budget).
 */
export async function spendSecondFactor(
  ctx: Context,
  { db, user, method, code }: Input,
): Promise<boolean> {
  return method === 'TOTP'
    ? acceptTotpCode(ctx, { db, userId: user.id, code })
    : redeemRecoveryCode(ctx, { db, user, code });
}
