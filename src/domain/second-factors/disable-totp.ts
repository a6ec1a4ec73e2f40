import { z } from 'zod';
import type { Accepted } from '../accepted.ts';
import { recordAudit } from '../audit/record.ts';
import { command } from '../command.ts';
import { clearApp } from '../factors/clear-factors.ts';
import { typedCode } from '../otp/typed-code.ts';
import { endAllSessions } from '../sessions/end-sessions.ts';
import { changeFactors } from './change-factors.ts';
import { notifyOwner } from './notify-owner.ts';

const schema = z.object({ code: typedCode.nullish() });

/**
 * Removes the authenticator app and the recovery codes, and leaves passkeys. Requires a recent
 * proof with the second factor: in the session, or by the code given here (OT-15). Throws
 * STEP_UP_REQUIRED, INVALID_OR_EXPIRED_CODE, RATE_LIMITED, CONFLICT where there is no app.
 */
export const disableTotp = command(schema, async (ctx, input): Promise<Accepted> => {
  await changeFactors(ctx, {
    code: input.code ?? null,
    change: async ({ db, viewer, user }) => {
      await clearApp(ctx, { db, userId: user.id });
      await endAllSessions(ctx, {
        db,
        userId: user.id,
        exceptId: viewer.sessionId,
        reason: 'credentials_changed',
      });
      await recordAudit(ctx, { db, type: 'totp.disabled', outcome: 'SUCCESS', subjectId: user.id });
      await notifyOwner(ctx, { db, user, template: 'totp-disabled' });
    },
  });
  return { kind: 'accepted', accepted: true };
});
