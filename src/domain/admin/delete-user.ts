import { z } from 'zod';
import type { Accepted } from '../accepted.ts';
import { eraseUser } from '../accounts/delete-account.ts';
import { text } from '../input.ts';
import { adminCommand } from './admin-command.ts';
import { changeUser } from './change-user.ts';
import { reason } from './reason.ts';

const schema = z.object({ userId: text({ max: 100 }), reason });

/**
 * Erases a user as deleteAccount does; the owner is told. Throws FORBIDDEN, STEP_UP_REQUIRED,
 * NOT_FOUND, CONFLICT for the last administrator.
 */
export const deleteUser = adminCommand(
  schema,
  async (ctx, { userId, reason: why }): Promise<Accepted> =>
    changeUser(ctx, {
      userId,
      change: async ({ db, user, assertNotLastAdmin }) => {
        assertNotLastAdmin();
        await eraseUser(ctx, { db, user, reason: why });
        return { kind: 'accepted', accepted: true };
      },
    }),
);
