import { z } from 'zod';
import type { Accepted } from '../accepted.ts';
import { recordAudit } from '../audit/record.ts';
import { text } from '../input.ts';
import { endAllSessions } from '../sessions/end-sessions.ts';
import { adminCommand } from './admin-command.ts';
import { changeUser } from './change-user.ts';
import { reason } from './reason.ts';

const schema = z.object({ userId: text({ max: 100 }), reason });

/**
 * Signs a user out everywhere, from the next request on (SE-11). Throws FORBIDDEN,
 * STEP_UP_REQUIRED, NOT_FOUND.
 */
export const revokeUserSessions = adminCommand(
  schema,
  async (ctx, { userId, reason: why }): Promise<Accepted> =>
    changeUser(ctx, {
      userId,
      change: async ({ db, user }) => {
        const ended = await endAllSessions(ctx, {
          db,
          userId: user.id,
          reason: 'revoked_by_admin',
        });
        const detail = { ended, reason: why };
        await recordAudit(ctx, {
          db,
          type: 'user.sessions_revoked',
          outcome: 'SUCCESS',
          subjectId: user.id,
          detail,
        });
        return { kind: 'accepted', accepted: true };
      },
    }),
);
