import type { Context } from '../../context.ts';
import { findUserById } from '../../db/queries/users.ts';
import type { OtpChallengeRow } from '../../db/tables/otp-challenges.ts';
import { tellShut } from '../outbox/tell-shut.ts';
import { accountKey } from '../rate-limits/reserve.ts';
import type { CodeNotice } from './failure-budget.ts';

type Input = {
  readonly notices: readonly CodeNotice[];
  readonly challenge: Pick<OtpChallengeRow, 'id' | 'userId' | 'accountKey'>;
};

/**
 * Tells the owner what wrong codes have shut, or are about to; for a decoy, the same work (EN-3).
 * Call it once an attempt has failed.
 */
export async function tellOfCodes(ctx: Context, { notices, challenge }: Input): Promise<void> {
  if (notices.length === 0) return;
  const user = await findUserById(ctx.db, { id: challenge.userId ?? challenge.id });
  const owner = user?.emailVerifiedAt && user.suspendedAt === null ? user : null;
  // A change of address has the key of the new one.
  const key = user ? accountKey(ctx, user.emailCanonical) : challenge.accountKey;
  for (const notice of notices) await tellShut(ctx, { owner, accountKey: key, ...notice });
}
