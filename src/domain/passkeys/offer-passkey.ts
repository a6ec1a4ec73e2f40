import type { Context } from '../../context.ts';
import type { Db } from '../../db/driver/client.ts';
import { listPasskeys } from '../../db/queries/passkeys.ts';
import type { OtpChallengeRow } from '../../db/tables/otp-challenges.ts';
import type { PasskeyRow } from '../../db/tables/passkeys.ts';
import { completesFirstStep, readProved } from '../factors/rules.ts';
import { beginCeremony, type PasskeyChallenge } from './begin-ceremony.ts';
import { assertionOptions } from './options.ts';
import { isUsable, isWayIn } from './rules.ts';

type Offered = Pick<
  OtpChallengeRow,
  'id' | 'userId' | 'sessionId' | 'purpose' | 'provedMethods' | 'expiresAt'
>;

/**
 * A ceremony that completes a challenge in a code's place; null where the user has no passkey for
 * it. SECURITY: also where nothing was proved yet: the list of credentials would tell strangers of
 * accounts (PK-7).
 */
export async function offerPasskey(
  ctx: Context,
  { db, challenge }: { readonly db: Db; readonly challenge: Offered },
): Promise<PasskeyChallenge | null> {
  const { userId, sessionId, purpose, provedMethods } = challenge;
  const isStepUp = purpose === 'STEP_UP' && sessionId !== null;
  const isSecond = purpose === 'LOGIN' && provedMethods.length > 0;
  if (userId === null || !(isStepUp || isSecond)) return null;
  const needsVerification = !completesFirstStep(readProved(provedMethods));
  const fitting = needsVerification ? isWayIn : isUsable;
  const rows = (await usablePasskeys(ctx, { db, userId })).filter((row) =>
    fitting(row, ctx.config.passkeys.rpId),
  );
  if (rows.length === 0) return null;
  return beginCeremony(ctx, {
    db,
    purpose: isStepUp ? 'STEP_UP' : 'SECOND_STEP',
    userId,
    sessionId,
    otpChallengeId: challenge.id,
    notAfter: challenge.expiresAt,
    options: assertionOptions(ctx, { rows, needsVerification }),
  });
}

/** More than anyone has: PASSKEY_LIMIT may have been lowered, and imports know none. */
export const mostPasskeys = 1000;

/** The user's passkeys that work here; none where passkeys are off. */
export async function usablePasskeys(
  ctx: Context,
  { db, userId }: { readonly db: Db; readonly userId: string },
): Promise<PasskeyRow[]> {
  const { enabled, rpId } = ctx.config.passkeys;
  if (!enabled) return [];
  const rows = await listPasskeys(db, { userId, limit: mostPasskeys });
  return rows.filter((row) => isUsable(row, rpId));
}
