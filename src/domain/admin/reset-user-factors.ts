import { z } from 'zod';
import type { Accepted } from '../accepted.ts';
import { recordAudit } from '../audit/record.ts';
import { clearFactors } from '../factors/clear-factors.ts';
import { text } from '../input.ts';
import { enqueueEmail } from '../outbox/enqueue-email.ts';
import { endAllSessions } from '../sessions/end-sessions.ts';
import { adminCommand } from './admin-command.ts';
import { changeUser } from './change-user.ts';
import { requiredReason } from './reason.ts';

const schema = z.object({ userId: text({ max: 100 }), reason: requiredReason });

/**
 * Removes a user's second factors, passkeys and linked accounts, for one who has lost them all: the
 * next sign-in asks for none. Every session ends, and the owner is told (RC-8). Throws FORBIDDEN,
 * STEP_UP_REQUIRED, NOT_FOUND.
 */
export const resetUserFactors = adminCommand(
  schema,
  async (ctx, { userId, reason }): Promise<Accepted> =>
    changeUser(ctx, {
      userId,
      change: async ({ db, user }) => {
        const { passkeys, identities } = await clearFactors(ctx, { db, userId: user.id });
        await endAllSessions(ctx, { db, userId: user.id, reason: 'credentials_changed' });
        const detail = { reason, passkeys, identities };
        await recordAudit(ctx, {
          db,
          type: 'user.factors_reset',
          outcome: 'SUCCESS',
          subjectId: user.id,
          detail,
        });
        await enqueueEmail(ctx, {
          db,
          to: user.email,
          locale: user.locale,
          content: { template: 'factors-reset', at: ctx.clock.now().toISOString() },
        });
        return { kind: 'accepted', accepted: true };
      },
    }),
);
