import type { Context } from '../../context.ts';
import type { Db } from '../../db/driver/client.ts';
import { advanceTotpStep, findTotp } from '../../db/queries/totp-authenticators.ts';
import { openTotpSecret, sealTotpSecret } from './seal.ts';
import { matchingStep } from './totp.ts';

type Input = { readonly db: Db; readonly userId: string; readonly code: string };

/**
 * Whether the code is that of the user's authenticator and newer than any used before (OT-12).
 * After a clock was set back every step counts as used and is refused (OT-13). A secret that cannot
 * be decrypted is refused too, and the operator is told (DP-1).
 */
export async function acceptTotpCode(ctx: Context, { db, userId, code }: Input): Promise<boolean> {
  const row = await findTotp(db, { userId });
  if (!row) return false;
  const owner = { userId, authenticatorId: row.id };
  const secret = openTotpSecret(ctx.keys, owner, row.sealedSecret);
  if (!secret) {
    ctx.log.error(
      { event: 'totp_secret.not_opened', requestId: ctx.request.id, userId },
      'A TOTP secret cannot be opened.',
    );
    return false;
  }
  const step = await matchingStep({ secret, code, now: ctx.clock.now() });
  if (step === null) return false;
  return advanceTotpStep(db, {
    id: row.id,
    step,
    sealedSecret: sealTotpSecret(ctx.keys, owner, secret),
  });
}
