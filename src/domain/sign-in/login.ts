import { z } from 'zod';
import type { Context } from '../../context.ts';
import { findForSignIn, holdUser, replacePasswordHash } from '../../db/queries/users.ts';
import type { UserRow } from '../../db/tables/users.ts';
import { AuthError } from '../../errors.ts';
import type { PasswordVerdict } from '../../ports.ts';
import type { Place } from '../../semaphore.ts';
import { recordAudit } from '../audit/record.ts';
import { command } from '../command.ts';
import { emailAddress, password, tokenDelivery } from '../input.ts';
import { beginEmailChallenge } from '../otp/begin-email-challenge.ts';
import type { OtpChallenge } from '../otp/challenge-view.ts';
import { release, reserve } from '../rate-limits/reserve.ts';
import { type Admission, admit } from './admit.ts';
import { type AuthTokens, handOver } from './hand-over-tokens.ts';
import { hintAtBreach } from './hint-at-breach.ts';
import {
  claimsOfSuccess,
  countFailure,
  countInARow,
  type LoginBudget,
  reserveLogin,
} from './login-budget.ts';
import { remindOfRegistration } from './remind-of-registration.ts';

const schema = z.object({ email: emailAddress, password, tokenDelivery });
type Input = z.output<typeof schema>;

/**
 * Signs in with a password; with an authenticator app set up, or after too many wrong passwords in
 * a row, a challenge follows. Throws
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
  const inARow = await countInARow(ctx, { budget, user });
  const storedHash = user?.passwordHash ?? null;
  // The password is always checked first, and only then the kind of account (ADV-49).
  // An unfinished registration has one too, compared in place of none: the same work.
  const begun = storedHash === null ? (found?.registration ?? null) : null;
  const hash = storedHash ?? begun?.passwordHash ?? null;
  const verdict = await ctx.hasher.verify(input.password, hash, budget.place);
  if (
    !verdict.matches ||
    storedHash === null ||
    !user ||
    user.emailVerifiedAt === null ||
    user.suspendedAt !== null
  ) {
    // Before any mail, whose limits must not silence the trail (LG-1).
    await recordAudit(ctx, {
      db: ctx.db,
      type: 'login.failed',
      outcome: 'FAILURE',
      subjectId: user?.id ?? null,
      // SECURITY: not what was typed, which may be a password in the wrong field (LG-7).
      accountKey: budget.accountKey,
    });
    await countFailure(ctx, { budget, inARow, user });
    await remindOfRegistration(ctx, {
      email: input.email,
      user,
      registration: verdict.matches ? begun : null,
    });
    throw new AuthError('INVALID_CREDENTIALS');
  }
  // SECURITY: past the hard lock a password may have been guessed, so it begins no session.
  if (inARow.isLocked)
    return askMailbox(ctx, { user, canonical: input.email.canonical, storedHash, budget });
  const passwordHash = await renew(ctx, {
    userId: user.id,
    oldHash: storedHash,
    plain: input.password,
    place: budget.place,
    verdict,
  });
  const admission = await ctx.transaction(async (tx) => {
    // SECURITY: no session where the account was suspended, deleted or given another password since
    // the check (TOCTOU).
    const held = await holdUser(tx, { id: user.id, passwordHash });
    // Nor by an address that has been given up meanwhile.
    if (held?.emailCanonical !== input.email.canonical) return null;
    await release(ctx, { db: tx, claims: claimsOfSuccess(ctx, { budget, userId: user.id }) });
    return admit(ctx, { db: tx, user: held, proved: ['PASSWORD'], previousSessionId: null });
  });
  if (admission) hintAtBreach(ctx, { user, password: input.password });
  return admission;
}

type Locked = {
  readonly user: UserRow;
  readonly canonical: string;
  readonly storedHash: string;
  readonly budget: LoginBudget;
};

/**
 * The right password past the hard lock: a code goes to the mailbox, and both together sign in. The
 * lock was others' doing, so it is no reason to refuse the owner (RL-3).
 */
async function askMailbox(
  ctx: Context,
  { user, canonical, storedHash, budget }: Locked,
): Promise<OtpChallenge | null> {
  await reserve(ctx, [{ budget: 'password-code:account', identifier: user.id }]);
  return ctx.transaction(async (tx) => {
    const held = await holdUser(tx, { id: user.id, passwordHash: storedHash });
    if (held?.emailCanonical !== canonical) return null;
    return beginEmailChallenge(ctx, {
      db: tx,
      purpose: 'LOGIN',
      given: { address: held.email, canonical },
      recipient: { userId: held.id, email: held.email, locale: held.locale },
      knownSessionId: budget.knownSessionId,
      proved: { methods: ['PASSWORD'], passwordChangedAt: held.passwordChangedAt },
      isOwners: true,
    });
  });
}

/**
 * Upgrades an old hash to the current cost, pepper and seal; returns the hash that is stored
 * afterwards. A failure to upgrade does not fail the sign-in.
 */
async function renew(
  ctx: Context,
  input: {
    userId: string;
    oldHash: string;
    plain: string;
    place: Place;
    verdict: PasswordVerdict;
  },
): Promise<string> {
  const { userId, oldHash, plain, place, verdict } = input;
  if (!verdict.outdated && verdict.resealed === undefined) return oldHash;
  try {
    const newHash = verdict.resealed ?? (await ctx.hasher.hash(plain, place));
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
