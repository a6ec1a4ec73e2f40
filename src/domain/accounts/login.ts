import { z } from 'zod';
import type { Context } from '../../context.ts';
import { findUserByEmail, lockSignIn, replacePasswordHash } from '../../db/queries/users.ts';
import type { UserRow } from '../../db/tables/users.ts';
import { AuthError } from '../../errors.ts';
import { recordAudit } from '../audit/record.ts';
import { command } from '../command.ts';
import { emailAddress, password, tokenDelivery } from '../input.ts';
import { accountKey, type Claim, release, reserve } from '../rate-limits/reserve.ts';
import { type BegunSession, beginSession } from '../sessions/begin-session.ts';
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
  const mayEnter = verdict.matches && user && user.emailVerifiedAt !== null && user.suspendedAt === null;
  const passwordHash = mayEnter && verdict.outdated ? await rehash(ctx, user, input.password) : (user?.passwordHash ?? null);
  const begun = mayEnter && passwordHash !== null ? await open(ctx, { userId: user.id, passwordHash, account }) : null;
  if (!begun) {
    await recordAudit(ctx, { db: ctx.db, type: 'login.failed', outcome: 'FAILURE', subjectId: user?.id ?? null });
    throw new AuthError('INVALID_CREDENTIALS');
  }
  return handOverTokens(ctx, begun, input.tokenDelivery);
});

/**
 * Opens the session, or answers null where the account is no longer what it was when the password was checked. SECURITY: hashing
 * takes long, and a password that was changed or reset meanwhile must not leave the old one a session that nobody ends (RC-6).
 */
async function open(
  ctx: Context,
  { userId, passwordHash, account }: { userId: string; passwordHash: string; account: Claim },
): Promise<BegunSession | null> {
  return ctx.db.transaction(async (tx) => {
    if (!(await lockSignIn(tx, { id: userId, passwordHash }))) return null;
    await release(ctx, { db: tx, claims: [account] });
    return beginSession(ctx, { db: tx, userId, methods: ['pwd'] });
  });
}

/** Brings an old hash up to today's cost and pepper; answers with the one that is stored now. A sign-in does not fail for it. */
async function rehash(ctx: Context, user: UserRow, plain: string): Promise<string | null> {
  if (user.passwordHash === null) return null;
  try {
    const newHash = await ctx.hasher.hash(plain);
    if (await replacePasswordHash(ctx.db, { id: user.id, oldHash: user.passwordHash, newHash })) return newHash;
  } catch (error) {
    ctx.log.warn(
      { err: error, event: 'password_hash.not_renewed', requestId: ctx.request.id },
      'A password hash was not renewed.',
    );
  }
  return user.passwordHash;
}
