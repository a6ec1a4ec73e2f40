import { z } from 'zod';
import type { Context } from '../../context.ts';
import { findForSignIn, holdUser, replacePasswordHash } from '../../db/queries/users.ts';
import { AuthError } from '../../errors.ts';
import type { PasswordVerdict } from '../../ports.ts';
import { recordAudit } from '../audit/record.ts';
import { command } from '../command.ts';
import { emailAddress, password, tokenDelivery } from '../input.ts';
import type { OtpChallenge } from '../otp/challenge-view.ts';
import { release } from '../rate-limits/reserve.ts';
import { type Admission, admit } from './admit.ts';
import { type AuthTokens, handOver } from './hand-over-tokens.ts';
import {
  claimsOfSuccess,
  countFailure,
  type LoginBudget,
  reserveInARow,
  reserveLogin,
} from './login-budget.ts';
import { remindOfRegistration } from './remind-of-registration.ts';

const schema = z.object({ email: emailAddress, password, tokenDelivery });
type Input = z.output<typeof schema>;

/**
 * Signs in with a password; with an authenticator app set up, a challenge follows. Throws
 * INVALID_CREDENTIALS alike, and after the same work, for an unknown address, a wrong password and
 * an account that may not sign in (EN-1); which factors exist is revealed only after the right
 * password (EN-5).
 */
export const login = command(schema, async (ctx, input): Promise<AuthTokens | OtpChallenge> => {
  if (input.tokenDelivery === 'COOKIE') ctx.cookie.assertOwnSite();
  const budget = await reserveLogin(ctx, input.email.canonical);
  // Null: the account changed during the attempt, so everything is checked once more against the
  // current row.
  const admission = (await attempt(ctx, input, budget)) ?? (await attempt(ctx, input, budget));
  if (!admission) throw new AuthError('INVALID_CREDENTIALS');
  return handOver(ctx, admission, input.tokenDelivery);
});

async function attempt(ctx: Context, input: Input, budget: LoginBudget): Promise<Admission | null> {
  const found = await findForSignIn(ctx.db, { canonical: input.email.canonical });
  const user = found?.user ?? null;
  const mayFit = await reserveInARow(ctx, { budget, userId: user?.id ?? null });
  const storedHash = mayFit ? (user?.passwordHash ?? null) : null;
  // The password is always checked first, and only then the kind of account (ADV-49).
  // An unfinished registration has one too, compared in place of none: the same work.
  const begun = mayFit && storedHash === null ? (found?.registration ?? null) : null;
  const verdict = await ctx.hasher.verify(
    input.password,
    storedHash ?? begun?.passwordHash ?? null,
  );
  if (
    !verdict.matches ||
    storedHash === null ||
    !user ||
    user.emailVerifiedAt === null ||
    user.suspendedAt !== null
  ) {
    await countFailure(ctx);
    await remindOfRegistration(ctx, {
      email: input.email,
      user,
      registration: verdict.matches ? begun : null,
    });
    await recordAudit(ctx, {
      db: ctx.db,
      type: 'login.failed',
      outcome: 'FAILURE',
      subjectId: user?.id ?? null,
      // SECURITY: not what was typed, which may be a password in the wrong field (LG-7).
      accountKey: budget.accountKey,
    });
    throw new AuthError('INVALID_CREDENTIALS');
  }
  const passwordHash = await renew(ctx, {
    userId: user.id,
    oldHash: storedHash,
    plain: input.password,
    verdict,
  });
  return ctx.transaction(async (tx) => {
    // SECURITY: no session where the account was suspended, deleted or given another password since
    // the check (TOCTOU).
    const held = await holdUser(tx, { id: user.id, passwordHash });
    // Nor by an address that has been given up meanwhile.
    if (held?.emailCanonical !== input.email.canonical) return null;
    await release(ctx, { db: tx, claims: claimsOfSuccess({ budget, userId: user.id }) });
    return admit(ctx, { db: tx, user: held, proved: ['PASSWORD'], previousSessionId: null });
  });
}

/**
 * Upgrades an old hash to the current cost, pepper and seal; returns the hash that is stored
 * afterwards. A failure to upgrade does not fail the sign-in.
 */
async function renew(
  ctx: Context,
  input: { userId: string; oldHash: string; plain: string; verdict: PasswordVerdict },
): Promise<string> {
  const { userId, oldHash, plain, verdict } = input;
  if (!verdict.outdated && verdict.resealed === undefined) return oldHash;
  try {
    const newHash = verdict.resealed ?? (await ctx.hasher.hash(plain));
    return (await replacePasswordHash(ctx.db, { id: userId, oldHash, newHash }))
      ? newHash
      : oldHash;
  } catch (error) {
    ctx.log.warn(
      { err: error, event: 'password_hash.not_renewed', requestId: ctx.request.id },
      'A password hash was not renewed.',
    );
    return oldHash;
  }
}
