import { validate as isUuid } from 'uuid';
import { z } from 'zod';
import { AuthError } from '../../errors.ts';
import type { Accepted } from '../accepted.ts';
import { hashSessionId, recordAudit } from '../audit/record.ts';
import { text } from '../input.ts';
import { endSession } from '../sessions/end-sessions.ts';
import { adminCommand } from './admin-command.ts';
import { changeUser } from './change-user.ts';
import { reason } from './reason.ts';

const schema = z.object({ userId: text({ max: 100 }), sessionId: text({ max: 100 }), reason });

/**
 * Signs a user out on one device, from the next request on (SE-11). Throws FORBIDDEN,
 * STEP_UP_REQUIRED, and NOT_FOUND alike for a session that has ended, is another user's or never
 * existed.
 */
export const revokeUserSession = adminCommand(
  schema,
  async (ctx, { userId, sessionId, reason: why }): Promise<Accepted> =>
    changeUser(ctx, {
      userId,
      change: async ({ db, user }) => {
        const ended =
          isUuid(sessionId) &&
          (await endSession(ctx, { db, userId: user.id, sessionId, reason: 'revoked_by_admin' }));
        if (!ended) throw new AuthError('NOT_FOUND', { message: 'There is no such session.' });
        await recordAudit(ctx, {
          db,
          type: 'user.session_revoked',
          outcome: 'SUCCESS',
          subjectId: user.id,
          detail: { session: hashSessionId(ctx, sessionId), reason: why },
        });
        return { kind: 'accepted', accepted: true };
      },
    }),
);
