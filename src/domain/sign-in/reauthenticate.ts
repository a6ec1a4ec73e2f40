import { z } from 'zod';
import type { Context, SessionViewer } from '../../context.ts';
import { holdUser } from '../../db/queries/users.ts';
import { AuthError } from '../../errors.ts';
import { recordAudit } from '../audit/record.ts';
import { requireViewer } from '../caller/require-step-up.ts';
import { command } from '../command.ts';
import { password, tokenDelivery } from '../input.ts';
import { beginEmailChallenge } from '../otp/begin-email-challenge.ts';
import type { OtpChallenge } from '../otp/challenge-view.ts';
import { release, reserve } from '../rate-limits/reserve.ts';
import { type Admission, admit } from './admit.ts';
import { type AuthTokens, handOver } from './hand-over-tokens.ts';
import { claimsOfSuccess, reserveInARow, reserveLogin } from './login-budget.ts';

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
  const mayFit = await reserveInARow(ctx, { budget, userId: user.id });
  const passwordHash = mayFit ? user.passwordHash : null;
  const verdict = await ctx.hasher.verify(plain, passwordHash);
  if (!verdict.matches || passwordHash === null) {
    await recordAudit(ctx, {
      db: ctx.db,
      type: 'step_up.failed',
      outcome: 'FAILURE',
      subjectId: user.id,
    });
    throw new AuthError('INVALID_CREDENTIALS', { message: 'The password is not right.' });
  }
  return ctx.transaction(async (tx) => {
    const held = await holdUser(tx, { id: user.id, passwordHash });
    if (!held)
      throw new AuthError('INVALID_CREDENTIALS', { message: 'The password is not right.' });
    await release(ctx, { db: tx, claims: claimsOfSuccess({ budget, userId: user.id }) });
    return admit(ctx, {
      db: tx,
      user: held,
      proved: ['PASSWORD'],
      previousSessionId: viewer.sessionId,
    });
  });
}

/**
 * For accounts without a password, and users who do not know theirs: the mailbox is the other first
 * step of a sign-in.
 */
async function mailCode(ctx: Context, viewer: SessionViewer): Promise<OtpChallenge> {
  const { user } = viewer.session;
  await reserve(ctx, [{ budget: 'step-up:account', identifier: user.id }]);
  const challenge = await ctx.transaction((tx) =>
    beginEmailChallenge(ctx, {
      db: tx,
      purpose: 'STEP_UP',
      given: { address: user.email, canonical: user.emailCanonical },
      recipient: { userId: user.id, email: user.email, locale: user.locale },
      sessionId: viewer.sessionId,
    }),
  );
  return challenge;
}
