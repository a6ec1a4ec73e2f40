import { z } from 'zod';
import { deleteRecoveryCodes } from '../../db/queries/recovery-codes.ts';
import { deleteTotp } from '../../db/queries/totp-authenticators.ts';
import { setTotpEnabledAt } from '../../db/queries/users.ts';
import type { Accepted } from '../accepted.ts';
import { recordAudit } from '../audit/record.ts';
import { text } from '../input.ts';
import { enqueueEmail } from '../outbox/enqueue-email.ts';
import { release } from '../rate-limits/reserve.ts';
import { endAllSessions } from '../sessions/end-sessions.ts';
import { adminCommand } from './admin-command.ts';
import { changeUser } from './change-user.ts';
import { requiredReason } from './reason.ts';

const schema = z.object({ userId: text({ max: 100 }), reason: requiredReason });

/**
 * Takes a user's second factors away, for one who has lost them all: the next sign-in asks for
 * none. Every session ends, and the owner is told (RC-8). Throws FORBIDDEN, STEP_UP_REQUIRED,
 * NOT_FOUND.
 */
export const resetUserFactors = adminCommand(
  schema,
  async (ctx, { userId, reason }): Promise<Accepted> =>
    changeUser(ctx, {
      userId,
      change: async ({ db, user }) => {
        await deleteTotp(db, { userId: user.id });
        await deleteRecoveryCodes(db, { userId: user.id });
        await setTotpEnabledAt(db, { id: user.id, at: null });
        // Failures of what is gone are not held against what comes next; the window of the account
        // runs on.
        await release(ctx, {
          db,
          claims: [{ budget: 'second-factor:consecutive', identifier: user.id }],
        });
        await endAllSessions(ctx, { db, userId: user.id, reason: 'credentials_changed' });
        const detail = { reason };
        await recordAudit(ctx, {
          db,
          type: 'user.factors_reset',
          outcome: 'SUCCESS',
          subjectId: user.id,
          detail,
        });
        await enqueueEmail(ctx, {
          db,
          to: user.email,
          locale: user.locale,
          content: { template: 'factors-reset', at: ctx.clock.now().toISOString() },
        });
        return { kind: 'accepted', accepted: true };
      },
    }),
);
