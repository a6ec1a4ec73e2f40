import { validate as isUuid } from 'uuid';
import type { Context } from '../../context.ts';
import type { Transaction } from '../../db/driver/transaction.ts';
import { deleteIdentity } from '../../db/queries/identities.ts';
import type { UserRow } from '../../db/tables/users.ts';
import { AuthError } from '../../errors.ts';
import { recordAudit } from '../audit/record.ts';
import { tellOwner } from './tell-owner.ts';

type Input = {
  /** The transaction that locks the user's row. */
  readonly db: Transaction;
  readonly user: Pick<UserRow, 'id' | 'email' | 'locale'>;
  readonly id: string;
  /** Of an administrator. */
  readonly reason?: string;
};

/** Takes a linked account away from a user, who is told. Throws NOT_FOUND. */
export async function removeIdentity(ctx: Context, { db, user, id, reason }: Input): Promise<void> {
  const removed = isUuid(id) ? await deleteIdentity(db, { id, userId: user.id }) : null;
  if (!removed) throw noSuchIdentity();
  await recordAudit(ctx, {
    db,
    type: 'identity.unlinked',
    outcome: 'SUCCESS',
    subjectId: user.id,
    detail: { identityId: id, provider: removed.providerId, ...(reason ? { reason } : {}) },
  });
  await tellOwner(ctx, { db, user, template: 'identity-unlinked', identity: removed });
}

/** Also for another user's (ADV-14). */
function noSuchIdentity(): AuthError {
  return new AuthError('NOT_FOUND', { message: 'There is no such linked account.' });
}
