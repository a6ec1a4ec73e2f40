import { z } from 'zod';
import type { Accepted } from '../accepted.ts';
import { recordAudit } from '../audit/record.ts';
import { text } from '../input.ts';
import { endAllSessions } from '../sessions/end-sessions.ts';
import { adminCommand } from './admin-command.ts';
import { type Changer, changeUser, type HeldUser } from './change-user.ts';
import { reason } from './reason.ts';

const schema = z.object({ userId: text({ max: 100 }), reason });

/**
 * Signs a user out everywhere, from the next request on (SE-11). Throws FORBIDDEN,
 * STEP_UP_REQUIRED, NOT_FOUND.
 */
export const revokeUserSessions = adminCommand(
  schema,
  async (ctx, { userId, reason: why }): Promise<Accepted> => {
    const change = (held: HeldUser) => signOutHeld(ctx, held, { reason: why });
    await changeUser(ctx, { userId, change });
    return { kind: 'accepted', accepted: true };
  },
);

/** The number of sessions that it has ended. */
export async function signOutHeld(
  ctx: Changer,
  { db, user }: HeldUser,
  { reason: why }: { readonly reason: string | null },
): Promise<number> {
  const ended = await endAllSessions(ctx, { db, userId: user.id, reason: 'revoked_by_admin' });
  await recordAudit(ctx, {
    db,
    type: 'user.sessions_revoked',
    outcome: 'SUCCESS',
    subjectId: user.id,
    detail: { ended, reason: why },
  });
  return ended;
}
