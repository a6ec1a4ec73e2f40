import { z } from 'zod';
import { reinstateUser as reinstate } from '../../db/queries/user-administration.ts';
import type { UserRow } from '../../db/tables/users.ts';
import { recordAudit } from '../audit/record.ts';
import { text } from '../input.ts';
import { type UserView, viewUser } from '../users/user-view.ts';
import { adminCommand } from './admin-command.ts';
import { type Changer, changeUser, type HeldUser } from './change-user.ts';
import { reason } from './reason.ts';

const schema = z.object({ userId: text({ max: 100 }), reason });

/**
 * Lifts a user's suspension; their sessions stay ended. A user who is not suspended stays
 * unchanged. Throws FORBIDDEN, STEP_UP_REQUIRED, NOT_FOUND.
 */
export const reinstateUser = adminCommand(
  schema,
  async (ctx, { userId, reason: why }): Promise<UserView> => {
    const change = (held: HeldUser) => reinstateHeld(ctx, held, { reason: why });
    return viewUser(await changeUser(ctx, { userId, change }), 'admin');
  },
);

/** The user as they are now. */
export async function reinstateHeld(
  ctx: Changer,
  { db, user }: HeldUser,
  { reason: why }: { readonly reason: string | null },
): Promise<UserRow> {
  const reinstated = await reinstate(db, { id: user.id });
  if (!reinstated) return user;
  await recordAudit(ctx, {
    db,
    type: 'user.reinstated',
    outcome: 'SUCCESS',
    subjectId: user.id,
    detail: { reason: why },
  });
  return reinstated;
}
