import { z } from 'zod';
import type { Accepted } from '../accepted.ts';
import { removeIdentity } from '../identities/remove-identity.ts';
import { text } from '../input.ts';
import { endAllSessions } from '../sessions/end-sessions.ts';
import { adminCommand } from './admin-command.ts';
import { changeUser } from './change-user.ts';
import { requiredReason } from './reason.ts';

const schema = z.object({
  userId: text({ max: 100 }),
  identityId: text({ max: 100 }),
  reason: requiredReason,
});

/**
 * Takes a linked account away from a user, even the last way in: the mailbox opens the account
 * still. Every session ends, and the owner is told (RC-8). Throws FORBIDDEN, STEP_UP_REQUIRED,
 * NOT_FOUND.
 */
export const unlinkUserIdentity = adminCommand(
  schema,
  async (ctx, { userId, identityId, reason }): Promise<Accepted> =>
    changeUser(ctx, {
      userId,
      change: async ({ db, user }) => {
        await removeIdentity(ctx, { db, user, id: identityId, reason });
        await endAllSessions(ctx, { db, userId: user.id, reason: 'credentials_changed' });
        return { kind: 'accepted', accepted: true };
      },
    }),
);
