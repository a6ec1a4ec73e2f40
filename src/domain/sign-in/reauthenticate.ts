import { z } from 'zod';
import type { Context, SessionViewer } from '../../context.ts';
import { findUserById } from '../../db/queries/users.ts';
import type { UserRow } from '../../db/tables/users.ts';
import { AuthError } from '../../errors.ts';
import { recordAudit } from '../audit/record.ts';
import { holdCaller, holdViewer } from '../caller/hold-caller.ts';
import { requireViewer } from '../caller/require-step-up.ts';
import { command } from '../command.ts';
import { password, tokenDelivery } from '../input.ts';
import { beginEmailChallenge } from '../otp/begin-email-challenge.ts';
import type { OtpChallenge } from '../otp/challenge-view.ts';
import { release, reserve } from '../rate-limits/reserve.ts';
import { type Admission, admit } from './admit.ts';
import { type AuthTokens, handOver } from './hand-over-tokens.ts';
import {
  claimsOfSuccess,
  countFailure,
  type LoginBudget,
  reserveInARow,
  reserveLogin,
} from './login-budget.ts';

const schema = z.object({ password: password.nullish(), tokenDelivery });

/**
 * Step-up: proves the caller again, with the same factors as a sign-in. It results in a new session
 * and ends the one that asked (SE-9). Throws INVALID_CREDENTIALS for a wrong password, RATE_LIMITED
 * past the budget that it shares with `login`.
 */
export const reauthenticate = command(
  schema,
  async (ctx, input): Promise<AuthTokens | OtpChallenge> => {
    const viewer = requireViewer(ctx);
    if (input.tokenDelivery === 'COOKIE') ctx.cookie.assertOwnSite();
    if (input.password === null || input.password === undefined) return mailCode(ctx, viewer);
    return handOver(ctx, await checkPassword(ctx, viewer, input.password), input.tokenDelivery);
  },
);

async function checkPassword(
  ctx: Context,
  viewer: SessionViewer,
  plain: string,
): Promise<Admission> {
  const { user } = viewer.session;
  // SECURITY: the same budget as a sign-in from this device, so that this is no second way to guess
  // the password.
  const budget = await reserveLogin(ctx, user.emailCanonical);
  const admission = await attempt(ctx, { user, plain, budget });
  if (admission) return admission;
  // The password was changed, or only hashed anew, during the attempt: checked once more against
  // the current row.
  const current = await findUserById(ctx.db, { id: user.id });
  const second = current && (await attempt(ctx, { user: current, plain, budget }));
  if (!second) throw wrongPassword();
  return second;
}

type Attempt = {
  readonly user: UserRow;
  readonly plain: string;
  readonly budget: LoginBudget;
};

/** Null where the account has another hash by now. */
async function attempt(ctx: Context, { user, plain, budget }: Attempt): Promise<Admission | null> {
  const mayFit = await reserveInARow(ctx, { budget, userId: user.id });
  const passwordHash = mayFit ? user.passwordHash : null;
  const verdict = await ctx.hasher.verify(plain, passwordHash);
  if (!verdict.matches || passwordHash === null) {
    await countFailure(ctx);
    await recordAudit(ctx, {
      db: ctx.db,
      type: 'step_up.failed',
      outcome: 'FAILURE',
      subjectId: user.id,
    });
    throw wrongPassword();
  }
  return ctx.transaction(async (tx) => {
    const viewer = await holdViewer(ctx, { db: tx });
    const held = viewer.session.user;
    if (held.passwordHash !== passwordHash) return null;
    await release(ctx, { db: tx, claims: claimsOfSuccess({ budget, userId: user.id }) });
    return admit(ctx, {
      db: tx,
      user: held,
      proved: ['PASSWORD'],
      previousSessionId: viewer.sessionId,
    });
  });
}

function wrongPassword(): AuthError {
  return new AuthError('INVALID_CREDENTIALS', { message: 'The password is not right.' });
}

/**
 * For accounts without a password, and users who do not know theirs: the mailbox is the other first
 * step of a sign-in.
 */
async function mailCode(ctx: Context, viewer: SessionViewer): Promise<OtpChallenge> {
  const { userId, sessionId } = viewer;
  await reserve(ctx, [{ budget: 'step-up:account', identifier: userId }]);
  const challenge = await ctx.transaction(async (tx) => {
    const user = await holdCaller(ctx, { db: tx });
    return beginEmailChallenge(ctx, {
      db: tx,
      purpose: 'STEP_UP',
      given: { address: user.email, canonical: user.emailCanonical },
      recipient: { userId, email: user.email, locale: user.locale },
      sessionId,
    });
  });
  return challenge;
}
