import { z } from 'zod';
import type { Accepted } from '../accepted.ts';
import { recordAudit } from '../audit/record.ts';
import { clearFactors } from '../factors/clear-factors.ts';
import { text } from '../input.ts';
import { enqueueEmail } from '../outbox/enqueue-email.ts';
import { endAllSessions } from '../sessions/end-sessions.ts';
import { adminCommand } from './admin-command.ts';
import { type Changer, changeUser, type HeldUser } from './change-user.ts';
import { requiredReason } from './reason.ts';

const schema = z.object({ userId: text({ max: 100 }), reason: requiredReason });

/**
 * Removes a user's second factors, passkeys and linked accounts, for one who has lost them all: the
 * next sign-in asks for none. Every session ends, and the owner is told (RC-8). Throws FORBIDDEN,
 * STEP_UP_REQUIRED, NOT_FOUND.
 */
export const resetUserFactors = adminCommand(
  schema,
  async (ctx, { userId, reason }): Promise<Accepted> => {
    const change = (held: HeldUser) => resetFactorsHeld(ctx, held, { reason });
    await changeUser(ctx, { userId, change });
    return { kind: 'accepted', accepted: true };
  },
);

export async function resetFactorsHeld(
  ctx: Changer,
  { db, user }: HeldUser,
  { reason }: { readonly reason: string | null },
): Promise<void> {
  const { passkeys, identities } = await clearFactors(ctx, { db, userId: user.id });
  await endAllSessions(ctx, { db, userId: user.id, reason: 'credentials_changed' });
  await recordAudit(ctx, {
    db,
    type: 'user.factors_reset',
    outcome: 'SUCCESS',
    subjectId: user.id,
    detail: { reason, passkeys, identities },
  });
  await enqueueEmail(ctx, {
    db,
    to: user.email,
    locale: user.locale,
    content: { template: 'factors-reset', at: ctx.clock.now().toISOString() },
  });
}
