import { z } from 'zod';
import type { Context, SessionViewer } from '../../context.ts';
import { findUserById } from '../../db/queries/users.ts';
import type { UserRow } from '../../db/tables/users.ts';
import { AuthError } from '../../errors.ts';
import { recordAudit } from '../audit/record.ts';
import { holdViewer } from '../caller/hold-caller.ts';
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
  countInARow,
  type LoginBudget,
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
    if (input.password === null || input.password === undefined) {
      const challenge = await mailCode(ctx, { userId: viewer.userId, passwordHash: null });
      if (!challenge) throw wrongPassword();
      return challenge;
    }
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
  const inARow = await countInARow(ctx, { budget, user });
  const { passwordHash } = user;
  const verdict = await ctx.hasher.verify(plain, passwordHash, budget.place);
  if (!verdict.matches || passwordHash === null) {
    await countFailure(ctx, { budget, inARow, user });
    await recordAudit(ctx, {
      db: ctx.db,
      type: 'step_up.failed',
      outcome: 'FAILURE',
      subjectId: user.id,
    });
    throw wrongPassword();
  }
  // SECURITY: past the hard lock the mailbox is asked for beside the password, as in `login`.
  if (inARow.isLocked) return mailCode(ctx, { userId: user.id, passwordHash });
  return ctx.transaction(async (tx) => {
    const viewer = await holdViewer(ctx, { db: tx });
    const held = viewer.session.user;
    if (held.passwordHash !== passwordHash) return null;
    await release(ctx, { db: tx, claims: claimsOfSuccess(ctx, { budget, userId: user.id }) });
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

type Mailed = {
  readonly userId: string;
  /** The password that was proved before, if one was. */
  readonly passwordHash: string | null;
};

/**
 * For accounts without a password, and users who do not know theirs: the mailbox is the other first
 * step of a sign-in. Null where the proved password was changed meanwhile.
 */
async function mailCode(
  ctx: Context,
  { userId, passwordHash }: Mailed,
): Promise<OtpChallenge | null> {
  await reserve(ctx, [{ budget: 'step-up:account', identifier: userId }]);
  return ctx.transaction(async (tx) => {
    const { session, sessionId } = await holdViewer(ctx, { db: tx });
    const { user } = session;
    if (passwordHash !== null && user.passwordHash !== passwordHash) return null;
    return beginEmailChallenge(ctx, {
      db: tx,
      purpose: 'STEP_UP',
      given: { address: user.email, canonical: user.emailCanonical },
      recipient: { userId, email: user.email, locale: user.locale },
      sessionId,
      ...(passwordHash === null
        ? {}
        : { proved: { methods: ['PASSWORD'], passwordChangedAt: user.passwordChangedAt } }),
    });
  });
}
