import { z } from 'zod';
import { reinstateUser as reinstate } from '../../db/queries/user-administration.ts';
import { type UserView, viewUser } from '../accounts/user-view.ts';
import { recordAudit } from '../audit/record.ts';
import { text } from '../input.ts';
import { adminCommand } from './admin-command.ts';
import { changeUser } from './change-user.ts';

const schema = z.object({ userId: text({ max: 100 }) });

/**
 * Opens a suspended account again; its sessions stay ended. A user who is not suspended stays as they are. Throws FORBIDDEN,
 * STEP_UP_REQUIRED, NOT_FOUND.
 */
export const reinstateUser = adminCommand(
  schema,
  async (ctx, { userId }): Promise<UserView> =>
    changeUser(ctx, {
      userId,
      change: async ({ db, user }) => {
        const reinstated = await reinstate(db, { id: user.id });
        if (!reinstated) return viewUser(user, 'admin');
        await recordAudit(ctx, { db, type: 'user.reinstated', outcome: 'SUCCESS', subjectId: user.id });
        return viewUser(reinstated, 'admin');
      },
    }),
);
