import { z } from 'zod';
import { reinstateUser as reinstate } from '../../db/queries/user-administration.ts';
import { recordAudit } from '../audit/record.ts';
import { text } from '../input.ts';
import { type UserView, viewUser } from '../users/user-view.ts';
import { adminCommand } from './admin-command.ts';
import { changeUser } from './change-user.ts';
import { reason } from './reason.ts';

const schema = z.object({ userId: text({ max: 100 }), reason });

/**
 * Lifts a user's suspension; their sessions stay ended. A user who is not suspended stays
 * unchanged. Throws FORBIDDEN, STEP_UP_REQUIRED, NOT_FOUND.
 */
export const reinstateUser = adminCommand(
  schema,
  async (ctx, { userId, reason: why }): Promise<UserView> =>
    changeUser(ctx, {
      userId,
      change: async ({ db, user }) => {
        const reinstated = await reinstate(db, { id: user.id });
        if (!reinstated) return viewUser(user, 'admin');
        const detail = { reason: why };
        await recordAudit(ctx, {
          db,
          type: 'user.reinstated',
          outcome: 'SUCCESS',
          subjectId: user.id,
          detail,
        });
        return viewUser(reinstated, 'admin');
      },
    }),
);
