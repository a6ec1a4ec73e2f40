import { z } from 'zod';
import { secondsAfter } from '../../clock.ts';
import { putPendingTotp } from '../../db/queries/totp-authenticators.ts';
import { recordAudit } from '../audit/record.ts';
import { holdStepUp } from '../caller/hold-caller.ts';
import { requireStepUp } from '../caller/require-step-up.ts';
import { command } from '../command.ts';
import { displayName } from '../input.ts';
import { reserve } from '../rate-limits/reserve.ts';
import { renderQrCode } from '../totp/qr-code.ts';
import { sealTotpSecret } from '../totp/seal.ts';
import { enrollmentLifetime, otpauthUri, secretBytes, writeSecret } from '../totp/totp.ts';

const schema = z.object({ label: displayName });

export type TotpEnrollment = {
  readonly kind: 'totp-enrollment';
  readonly id: string;
  readonly secret: string;
  readonly uri: string;
  readonly qrCode: string;
  readonly expiresAt: Date;
};

/**
 * A secret for an authenticator app, shown only now. Nothing changes until one of its codes is
 * confirmed; an active app stays active (OT-14). An earlier pending enrolment is void. Throws
 * STEP_UP_REQUIRED, RATE_LIMITED.
 */
export const startTotpEnrollment = command(
  schema,
  async (ctx, { label }): Promise<TotpEnrollment> => {
    const { userId } = requireStepUp(ctx);
    await reserve(ctx, [{ budget: 'totp-enrollment:account', identifier: userId }]);
    const now = ctx.clock.now();
    const id = ctx.random.id(now);
    const expiresAt = secondsAfter(now, enrollmentLifetime);
    const secret = ctx.random.bytes(secretBytes);
    const sealedSecret = sealTotpSecret(ctx.keys, { userId, authenticatorId: id }, secret);
    const { email } = await ctx.transaction(async (tx) => {
      const user = await holdStepUp(ctx, { db: tx });
      await putPendingTotp(tx, { id, userId, sealedSecret, createdAt: now, expiresAt });
      await recordAudit(ctx, {
        db: tx,
        type: 'totp.enrollment_started',
        outcome: 'SUCCESS',
        subjectId: userId,
      });
      return user;
    });
    const uri = otpauthUri({ issuer: ctx.config.productName, label: label ?? email, secret });
    return {
      kind: 'totp-enrollment',
      id,
      secret: writeSecret(secret),
      uri,
      qrCode: renderQrCode(uri),
      expiresAt,
    };
  },
);
