import { z } from 'zod';
import { recordAudit } from '../audit/record.ts';
import { command } from '../command.ts';
import { momentOfChange } from '../factors/moment-of-change.ts';
import { typedCode } from '../otp/typed-code.ts';
import { issueRecoveryCodes, type RecoveryCodes } from '../recovery-codes/issue-recovery-codes.ts';
import { endAllSessions } from '../sessions/end-sessions.ts';
import { changeFactors } from './change-factors.ts';
import { notifyOwner } from './notify-owner.ts';

const schema = z.object({ code: typedCode.nullish() });

/**
 * Makes a new set of recovery codes and revokes the old set, used or not. Requires a recent proof
 * with the second factor: in the session, or by the code given here (OT-15). Throws
 * STEP_UP_REQUIRED, INVALID_OR_EXPIRED_CODE, RATE_LIMITED, CONFLICT where there is no app.
 */
export const regenerateRecoveryCodes = command(
  schema,
  async (ctx, input): Promise<RecoveryCodes> =>
    changeFactors(ctx, {
      code: input.code ?? null,
      change: async ({ db, viewer, user }) => {
        const userId = user.id;
        const at = await momentOfChange(ctx, { db, userId });
        const codes = await issueRecoveryCodes(ctx, { db, userId, at });
        await endAllSessions(ctx, {
          db,
          userId,
          exceptId: viewer.sessionId,
          reason: 'credentials_changed',
        });
        await recordAudit(ctx, {
          db,
          type: 'recovery_codes.regenerated',
          outcome: 'SUCCESS',
          subjectId: userId,
        });
        await notifyOwner(ctx, { db, user, template: 'recovery-codes-regenerated' });
        return codes;
      },
    }),
);
