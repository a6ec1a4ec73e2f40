import type { Context } from '../../context.ts';
import { findPasskeyByCredentialId, markPasskeySuspect } from '../../db/queries/passkeys.ts';
import { holdAnyUser } from '../../db/queries/user-administration.ts';
import type { PasskeyRow } from '../../db/tables/passkeys.ts';
import { recordAudit } from '../audit/record.ts';
import type { Assertion } from './check-assertion.ts';
import { isForward } from './rules.ts';
import { tellOwner } from './tell-owner.ts';

type Input = {
  readonly passkey: PasskeyRow;
  /** Its signature was right. */
  readonly assertion: Assertion;
};

/**
 * Records an answer that cannot come from the authenticator of before: a counter that went back, or
 * a key that may suddenly be copied (PK-6, PK-17). The owner is told the first time. Does nothing
 * where the passkey is gone.
 */
export async function suspectPasskey(ctx: Context, { passkey, assertion }: Input): Promise<void> {
  await ctx.transaction(async (tx) => {
    const user = await holdAnyUser(tx, { id: passkey.userId });
    const row = await findPasskeyByCredentialId(tx, passkey);
    if (!user || !row) return;
    const isBack = !isForward(row.signCount, assertion.signCount);
    if (!isBack && row.backupEligible === assertion.backupEligible) return;
    await recordAudit(ctx, {
      db: tx,
      type: 'passkey.clone_suspected',
      outcome: 'FAILURE',
      subjectId: user.id,
      detail: { passkeyId: row.id, reason: isBack ? 'counter' : 'backup_eligibility' },
    });
    const isFirst = await markPasskeySuspect(tx, { id: row.id, now: ctx.clock.now() });
    if (isFirst)
      await tellOwner(ctx, { db: tx, user, template: 'passkey-suspect', passkey: row.name });
  });
}
