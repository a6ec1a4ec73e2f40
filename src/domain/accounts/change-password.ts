import { z } from 'zod';
import type { Context, SessionViewer } from '../../context.ts';
import { endAccountTokens } from '../../db/queries/account-tokens.ts';
import { endChallenges } from '../../db/queries/otp-challenges.ts';
import { changePasswordHash } from '../../db/queries/users.ts';
import type { UserRow } from '../../db/tables/users.ts';
import { AuthError } from '../../errors.ts';
import type { Accepted } from '../accepted.ts';
import { recordAudit } from '../audit/record.ts';
import { holdViewer } from '../caller/hold-caller.ts';
import { requireStepUp, requireViewer } from '../caller/require-step-up.ts';
import { command } from '../command.ts';
import { forgotPasswordLink } from '../emails/links.ts';
import { tellIdentities } from '../identities/tell-identities.ts';
import { newPassword } from '../input.ts';
import { requestOrigin } from '../origins/request-origin.ts';
import { enqueueEmail } from '../outbox/enqueue-email.ts';
import { tellPasskeys } from '../passkeys/tell-passkeys.ts';
import { callerPlace } from '../passwords/caller-place.ts';
import { checkPassword } from '../passwords/check-password.ts';
import { passwordTextFault } from '../passwords/password-text.ts';
import { type Claim, release, reserve } from '../rate-limits/reserve.ts';
import { endAllSessions } from '../sessions/end-sessions.ts';
import { passwordLocks } from '../sign-in/login-budget.ts';
import { passwordPurposes } from './account-token.ts';

const schema = z.object({
  currentPassword: z.string().nullish(),
  newPassword,
});

/**
 * Sets a new password and ends every other session (SE-10). The current password is the proof; with
 * a second factor set up, a fresh step-up is required too (SE-13). An account without a password,
 * which signs in by mailed codes, sends none and needs the step-up (PW-12). Throws
 * INVALID_CREDENTIALS, STEP_UP_REQUIRED, or VALIDATION_FAILED for a password that fails the policy.
 */
export const changePassword = command(schema, async (ctx, input): Promise<Accepted> => {
  const viewer = requireViewer(ctx);
  const { user } = viewer.session;
  const claim: Claim = { budget: 'change-password:user', identifier: user.id };
  const place = callerPlace(ctx, { isKnown: true });
  await ctx.hasher.approach(() => reserve(ctx, [claim]), place);
  ctx.hasher.assertRoom(place);
  const faults = await checkPassword(ctx, {
    password: input.newPassword,
    path: 'newPassword',
    context: user.name === null ? [user.emailCanonical] : [user.emailCanonical, user.name],
    place,
  });
  if (faults.length > 0) throw new AuthError('VALIDATION_FAILED', { fields: faults });
  await proveOwner(ctx, viewer, input.currentPassword ?? '');
  const passwordHash = await ctx.hasher.hash(input.newPassword, place);
  await applyChange(ctx, viewer, { passwordHash, claim });
  return { kind: 'accepted', accepted: true };
});

/**
 * SECURITY: neither a stolen access token by itself nor a wrong password within a fresh session
 * must be enough.
 */
async function proveOwner(
  ctx: Context,
  viewer: SessionViewer,
  currentPassword: string,
): Promise<void> {
  const { user } = viewer.session;
  if (needsStepUp(user)) requireStepUp(ctx);
  if (user.passwordHash === null) return;
  const fault = passwordTextFault(currentPassword);
  if (fault)
    throw new AuthError('VALIDATION_FAILED', { fields: [{ path: 'currentPassword', ...fault }] });
  const { matches } = await ctx.hasher.verify(
    currentPassword,
    user.passwordHash,
    callerPlace(ctx, { isKnown: true }),
  );
  if (matches) return;
  await recordAudit(ctx, {
    db: ctx.db,
    type: 'password.change_failed',
    outcome: 'FAILURE',
    subjectId: user.id,
  });
  throw new AuthError('INVALID_CREDENTIALS', { message: 'The current password is not right.' });
}

function needsStepUp(user: Pick<UserRow, 'passwordHash' | 'totpEnabledAt'>): boolean {
  return user.passwordHash === null || user.totpEnabledAt !== null;
}

async function applyChange(
  ctx: Context,
  viewer: SessionViewer,
  change: { passwordHash: string; claim: Claim },
): Promise<void> {
  const { user } = viewer.session;
  const userId = user.id;
  const now = ctx.clock.now();
  await ctx.transaction(async (tx) => {
    const held = await holdViewer(ctx, { db: tx });
    // An app that was activated while this waited is asked for.
    if (needsStepUp(held.session.user)) requireStepUp({ clock: ctx.clock, viewer: held });
    const changed = await changePasswordHash(tx, {
      id: userId,
      seenHash: user.passwordHash,
      passwordHash: change.passwordHash,
      now,
    });
    if (!changed)
      throw new AuthError('CONFLICT', {
        message: 'The password was changed a moment ago. Sign in again.',
      });
    await endAccountTokens(tx, { userId, purposes: passwordPurposes, now });
    await endChallenges(tx, { userId, now });
    await endAllSessions(ctx, {
      db: tx,
      userId,
      reason: 'credentials_changed',
      exceptId: viewer.sessionId,
    });
    await release(ctx, { db: tx, claims: [change.claim, ...passwordLocks(ctx, changed)] });
    await recordAudit(ctx, {
      db: tx,
      type: 'password.changed',
      outcome: 'SUCCESS',
      subjectId: userId,
    });
    await enqueueEmail(ctx, {
      db: tx,
      to: changed.email,
      locale: changed.locale,
      content: {
        template: 'password-changed',
        passkeys: await tellPasskeys(tx, { userId }),
        identities: await tellIdentities(tx, { userId }),
        ...requestOrigin(ctx),
        resetLink: forgotPasswordLink(ctx.config),
      },
    });
  });
}
