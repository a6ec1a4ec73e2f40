import type { Context } from '../../context.ts';
import type { Transaction } from '../../db/driver/transaction.ts';
import { insertIdentity, listIdentities, touchIdentity } from '../../db/queries/identities.ts';
import type { IdentityRow } from '../../db/tables/identities.ts';
import type { PendingIdentity } from '../../db/tables/otp-challenges.ts';
import type { UserRow } from '../../db/tables/users.ts';
import { AuthError } from '../../errors.ts';
import { recordAudit } from '../audit/record.ts';
import { momentOfChange } from '../factors/moment-of-change.ts';
import { identityLimit } from './rules.ts';
import { tellOwner } from './tell-owner.ts';

type Input = {
  /** The transaction that locks the user's row. */
  readonly db: Transaction;
  readonly user: Pick<UserRow, 'id' | 'email' | 'locale'>;
  readonly identity: Omit<PendingIdentity, 'isLinked'>;
  /** Whether it signs the user in at this moment. */
  readonly isUsed: boolean;
};

/**
 * Links an account at a provider to a user who has proved that both are theirs; the owner is told.
 * Null where another user has it, which the unique index decides between concurrent callers.
 * Throws CONFLICT past the limit.
 */
export async function linkIdentity(ctx: Context, input: Input): Promise<IdentityRow | null> {
  const { db, user, identity, isUsed } = input;
  const { providerId, issuer, subject, label, email } = identity;
  const userId = user.id;
  const now = ctx.clock.now();
  const own = await listIdentities(db, { userId, limit: identityLimit });
  const isOwn = (row: IdentityRow): boolean =>
    row.providerId === providerId && row.issuer === issuer && row.subject === subject;
  if (own.some(isOwn)) return touchIdentity(db, { ...identity, userId, now: isUsed ? now : null });
  if (own.length >= identityLimit) throw tooMany();
  const row: IdentityRow = {
    id: ctx.random.id(now),
    userId,
    providerId,
    issuer,
    subject,
    label,
    emailAtLink: email,
    createdAt: await momentOfChange(ctx, { db, userId }),
    lastUsedAt: isUsed ? now : null,
  };
  if (!(await insertIdentity(db, row))) return null;
  await recordAudit(ctx, {
    db,
    type: 'identity.linked',
    outcome: 'SUCCESS',
    subjectId: userId,
    detail: { identityId: row.id, provider: providerId },
  });
  await tellOwner(ctx, { db, user, template: 'identity-linked', identity });
  return row;
}

function tooMany(): AuthError {
  const message = `At most ${identityLimit} accounts are linked: unlink one.`;
  return new AuthError('CONFLICT', { message });
}
