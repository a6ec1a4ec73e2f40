import { z } from 'zod';
import type { Context } from '../../context.ts';
import { findUserByEmail, replacePasswordHash } from '../../db/queries/users.ts';
import type { UserRow } from '../../db/tables/users.ts';
import { AuthError } from '../../errors.ts';
import { recordAudit } from '../audit/record.ts';
import { command } from '../command.ts';
import { emailAddress, password, tokenDelivery } from '../input.ts';
import { accountKey, type Claim, release, reserve } from '../rate-limits/reserve.ts';
import { beginSession } from '../sessions/begin-session.ts';
import { type AuthTokens, handOverTokens } from '../sessions/hand-over-tokens.ts';

const schema = z.object({ email: emailAddress, password, tokenDelivery });

/**
 * Sign-in with a password. Throws INVALID_CREDENTIALS alike, and after the same work, for an unknown address, a wrong password and
 * an account that may not sign in (EN-1).
 */
export const login = command(schema, async (ctx, input): Promise<AuthTokens> => {
  const account: Claim = { budget: 'login:account', identifier: accountKey(ctx, input.email.canonical) };
  await reserve(ctx, [account, { budget: 'login:address', identifier: ctx.request.addressBucket }]);
  const user = await findUserByEmail(ctx.db, { canonical: input.email.canonical });

  // The password is checked first and always; only then what kind of account it is (ADV-49).
  const verdict = await ctx.hasher.verify(input.password, user?.passwordHash ?? null);
  if (!verdict.matches || !user || user.emailVerifiedAt === null || user.suspendedAt !== null) {
    await recordAudit(ctx, { db: ctx.db, type: 'login.failed', outcome: 'FAILURE', subjectId: user?.id ?? null });
    throw new AuthError('INVALID_CREDENTIALS');
  }
  if (verdict.outdated) await rehash(ctx, user, input.password);
  const begun = await ctx.db.transaction(async (tx) => {
    await release(ctx, { db: tx, claims: [account] });
    return beginSession(ctx, { db: tx, userId: user.id, methods: ['pwd'] });
  });
  return handOverTokens(ctx, begun, input.tokenDelivery);
});

/** Brings an old hash up to today's cost and pepper. A sign-in does not fail for it. */
async function rehash(ctx: Context, user: UserRow, plain: string): Promise<void> {
  if (user.passwordHash === null) return;
  try {
    const newHash = await ctx.hasher.hash(plain);
    await replacePasswordHash(ctx.db, { id: user.id, oldHash: user.passwordHash, newHash });
  } catch (error) {
    ctx.log.warn(
      { err: error, event: 'password_hash.not_renewed', requestId: ctx.request.id },
      'A password hash was not renewed.',
    );
  }
}
