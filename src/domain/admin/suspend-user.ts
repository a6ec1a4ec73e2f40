import { z } from 'zod';
import type { App } from '../../app.ts';
import { endAccountTokens } from '../../db/queries/account-tokens.ts';
import { endChallenges } from '../../db/queries/otp-challenges.ts';
import { suspendUser as suspend } from '../../db/queries/user-administration.ts';
import type { UserRow } from '../../db/tables/users.ts';
import { AuthError } from '../../errors.ts';
import { passwordPurposes } from '../accounts/account-token.ts';
import { recordAudit } from '../audit/record.ts';
import { text } from '../input.ts';
import { endAllSessions } from '../sessions/end-sessions.ts';
import { suspensionFault } from '../users/rules.ts';
import { type UserView, viewUser } from '../users/user-view.ts';
import { adminCommand } from './admin-command.ts';
import { type Changer, changeUser, type HeldUser } from './change-user.ts';
import { reason } from './reason.ts';

const schema = z.object({ userId: text({ max: 100 }), until: z.date().nullish(), reason });

/**
 * Suspends an account: every session ends, from the next request on, on every instance (SE-11). It
 * opens again at `until`, or by reinstateUser. For a suspended account it changes `until`. Throws
 * FORBIDDEN, STEP_UP_REQUIRED, NOT_FOUND, VALIDATION_FAILED, CONFLICT for the last administrator.
 */
export const suspendUser = adminCommand(
  schema,
  async (ctx, { userId, reason: why, until = null }): Promise<UserView> => {
    assertUntil(ctx, until);
    const suspended = await changeUser(ctx, {
      userId,
      change: (held) => suspendHeld(ctx, held, { until, reason: why }),
    });
    return viewUser(suspended, 'admin');
  },
);

/** Throws VALIDATION_FAILED. */
export function assertUntil({ clock }: Pick<App, 'clock'>, until: Date | null): void {
  const fault = until === null ? null : suspensionFault(until, clock.now());
  if (fault !== null)
    throw new AuthError('VALIDATION_FAILED', { fields: [{ path: 'until', ...fault }] });
}

/** The user as suspended; unchanged where they were, until the same time. */
export async function suspendHeld(
  ctx: Changer,
  { db, user, assertNotLastAdmin }: HeldUser,
  { until, reason: why }: { readonly until: Date | null; readonly reason: string | null },
): Promise<UserRow> {
  assertNotLastAdmin();
  const now = ctx.clock.now();
  const suspended = await suspend(db, { id: user.id, now, until });
  if (!suspended) return user;
  await endAllSessions(ctx, { db, userId: user.id, reason: 'account_suspended' });
  // Links mailed before are void, even when the account is reinstated within the hour (RC-3).
  await endAccountTokens(db, { userId: user.id, purposes: passwordPurposes, now });
  await endChallenges(db, { userId: user.id, now });
  await recordAudit(ctx, {
    db,
    type: 'user.suspended',
    outcome: 'SUCCESS',
    subjectId: user.id,
    detail: { reason: why, ...(until === null ? {} : { until: until.toISOString() }) },
  });
  return suspended;
}
