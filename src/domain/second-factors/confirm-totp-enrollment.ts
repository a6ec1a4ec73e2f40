import { z } from 'zod';
import {
  confirmTotp,
  deleteConfirmedTotp,
  findPendingTotp,
} from '../../db/queries/totp-authenticators.ts';
import { setTotpEnabledAt } from '../../db/queries/users.ts';
import { AuthError } from '../../errors.ts';
import { recordAudit } from '../audit/record.ts';
import { holdStepUp } from '../caller/hold-caller.ts';
import { requireStepUp } from '../caller/require-step-up.ts';
import { command } from '../command.ts';
import { momentOfChange } from '../factors/moment-of-change.ts';
import { uuid } from '../input.ts';
import { readCode } from '../otp/code.ts';
import { release, reserve } from '../rate-limits/reserve.ts';
import { issueRecoveryCodes, type RecoveryCodes } from '../recovery-codes/issue-recovery-codes.ts';
import { endAllSessions } from '../sessions/end-sessions.ts';
import { openTotpSecret } from '../totp/seal.ts';
import { matchingStep } from '../totp/totp.ts';
import { notifyOwner } from './notify-owner.ts';

const schema = z.object({
  enrollmentId: uuid,
  code: z.string({ error: 'A code is required.' }).max(64, 'A code has six digits.'),
});

/**
 * Activates the new app by one of its codes, replaces the previous app, and makes a new set of
 * recovery codes, shown only now. Every other session ends (SE-10). Throws STEP_UP_REQUIRED,
 * RATE_LIMITED, INVALID_OR_EXPIRED_CODE.
 */
export const confirmTotpEnrollment = command(schema, async (ctx, input): Promise<RecoveryCodes> => {
  const viewer = requireStepUp(ctx);
  const { userId } = viewer;
  await reserve(ctx, [{ budget: 'totp-enrollment:account', identifier: userId }]);
  const pending = await findPendingTotp(ctx.db, {
    id: input.enrollmentId,
    userId,
    now: ctx.clock.now(),
  });
  const secret =
    pending &&
    openTotpSecret(ctx.keys, { userId, authenticatorId: pending.id }, pending.sealedSecret);
  const code = readCode(input.code);
  const step =
    secret && code !== null ? await matchingStep({ secret, code, now: ctx.clock.now() }) : null;
  if (!pending || step === null) throw new AuthError('INVALID_OR_EXPIRED_CODE');

  const codes = await ctx.transaction(async (tx) => {
    const user = await holdStepUp(ctx, { db: tx });
    const now = ctx.clock.now();
    const confirmedAt = await momentOfChange(ctx, { db: tx, userId });
    await deleteConfirmedTotp(tx, { userId });
    if (!(await confirmTotp(tx, { id: pending.id, userId, step, confirmedAt, now })))
      throw new AuthError('INVALID_OR_EXPIRED_CODE');
    await setTotpEnabledAt(tx, { id: userId, at: confirmedAt });
    const issued = await issueRecoveryCodes(ctx, { db: tx, userId, at: confirmedAt });
    // Rebinding lifts the lock of a locked app (OT-4; NIST SP 800-63B-4 3.2.2). The window of
    // failures continues.
    await release(ctx, {
      db: tx,
      claims: [{ budget: 'second-factor:consecutive', identifier: userId }],
    });
    await endAllSessions(ctx, {
      db: tx,
      userId,
      exceptId: viewer.sessionId,
      reason: 'credentials_changed',
    });
    await recordAudit(ctx, { db: tx, type: 'totp.enabled', outcome: 'SUCCESS', subjectId: userId });
    await notifyOwner(ctx, { db: tx, user, template: 'totp-enabled' });
    return issued;
  });
  return codes;
});
