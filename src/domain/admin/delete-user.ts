import { z } from 'zod';
import { eraseUser } from '../accounts/delete-account.ts';
import { text } from '../input.ts';
import type { Accepted } from '../sessions/logout.ts';
import { adminCommand } from './admin-command.ts';
import { changeUser } from './change-user.ts';

const schema = z.object({ userId: text({ max: 100 }) });

/** Erases a user as deleteAccount does; the owner is told. Throws FORBIDDEN, STEP_UP_REQUIRED, NOT_FOUND, CONFLICT for the last administrator. */
export const deleteUser = adminCommand(
  schema,
  async (ctx, { userId }): Promise<Accepted> =>
    changeUser(ctx, {
      userId,
      change: async ({ db, user, assertNotLastAdmin }) => {
        assertNotLastAdmin();
        await eraseUser(ctx, db, user);
        return { kind: 'accepted', accepted: true };
      },
    }),
);
