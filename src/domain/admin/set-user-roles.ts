import { z } from 'zod';
import { setUserRoles as setRoles } from '../../db/queries/user-administration.ts';
import { recordAudit } from '../audit/record.ts';
import { text } from '../input.ts';
import { roleNames } from '../roles/role-names.ts';
import { adminRole } from '../roles/rules.ts';
import { type UserView, viewUser } from '../users/user-view.ts';
import { adminCommand } from './admin-command.ts';
import { changeUser } from './change-user.ts';
import { reason } from './reason.ts';

const schema = z.object({ userId: text({ max: 100 }), roles: roleNames, reason });

/**
 * Replaces a user's roles. They apply from the next request on; an access token already issued
 * carries the old ones until it expires, for backends that only check the token. Throws FORBIDDEN,
 * STEP_UP_REQUIRED, NOT_FOUND, CONFLICT for the last administrator.
 */
export const setUserRoles = adminCommand(
  schema,
  async (ctx, { userId, roles, reason: why }): Promise<UserView> =>
    changeUser(ctx, {
      userId,
      change: async ({ db, user, assertNotLastAdmin }) => {
        if (!roles.includes(adminRole)) assertNotLastAdmin();
        const changed = await setRoles(db, { id: user.id, roles });
        const detail = { before: user.roles.join(' '), after: roles.join(' '), reason: why };
        await recordAudit(ctx, {
          db,
          type: 'user.roles_changed',
          outcome: 'SUCCESS',
          subjectId: user.id,
          detail,
        });
        return viewUser(changed ?? user, 'admin');
      },
    }),
);
