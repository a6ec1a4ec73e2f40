import { z } from 'zod';
import { endAccountTokens } from '../../db/queries/account-tokens.ts';
import { endChallenges } from '../../db/queries/otp-challenges.ts';
import { suspendUser as suspend } from '../../db/queries/user-administration.ts';
import { passwordPurposes } from '../accounts/account-token.ts';
import { recordAudit } from '../audit/record.ts';
import { text } from '../input.ts';
import { endAllSessions } from '../sessions/end-sessions.ts';
import { type UserView, viewUser } from '../users/user-view.ts';
import { adminCommand } from './admin-command.ts';
import { changeUser } from './change-user.ts';
import { reason } from './reason.ts';

const schema = z.object({ userId: text({ max: 100 }), reason });

/**
 * Suspends an account: every session ends, from the next request on, on every instance (SE-11). A
 * user already suspended stays unchanged. Throws FORBIDDEN, STEP_UP_REQUIRED, NOT_FOUND, CONFLICT
 * for the last administrator.
 */
export const suspendUser = adminCommand(
  schema,
  async (ctx, { userId, reason: why }): Promise<UserView> =>
    changeUser(ctx, {
      userId,
      change: async ({ db, user, assertNotLastAdmin }) => {
        assertNotLastAdmin();
        const suspended = await suspend(db, { id: user.id, now: ctx.clock.now() });
        if (!suspended) return viewUser(user, 'admin');
        await endAllSessions(ctx, { db, userId: user.id, reason: 'account_suspended' });
        // Links mailed before are void, even when the account is reinstated within the hour (RC-3).
        await endAccountTokens(db, {
          userId: user.id,
          purposes: passwordPurposes,
          now: ctx.clock.now(),
        });
        await endChallenges(db, { userId: user.id, now: ctx.clock.now() });
        const detail = { reason: why };
        await recordAudit(ctx, {
          db,
          type: 'user.suspended',
          outcome: 'SUCCESS',
          subjectId: user.id,
          detail,
        });
        return viewUser(suspended, 'admin');
      },
    }),
);
