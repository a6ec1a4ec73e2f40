import { z } from 'zod';
import { secondsAfter } from '../../clock.ts';
import type { Context } from '../../context.ts';
import type { Db } from '../../db/driver/client.ts';
import { findChallenge, renewCode } from '../../db/queries/otp-challenges.ts';
import { findSessionById } from '../../db/queries/sessions.ts';
import { findUserById } from '../../db/queries/users.ts';
import type { OtpChallengeRow } from '../../db/tables/otp-challenges.ts';
import { AuthError } from '../../errors.ts';
import { sha256 } from '../../secret-keys.ts';
import { command } from '../command.ts';
import { opaqueToken } from '../input.ts';
import { offerPasskey } from '../passkeys/offer-passkey.ts';
import { type Claim, reserve, reserveByAddress } from '../rate-limits/reserve.ts';
import { type OtpChallenge, purposeOf, viewChallenge } from './challenge-view.ts';
import { codeLifetime, maxAttempts, maxResends, resendCooldown } from './rules.ts';
import { makeSecrets, sendCode } from './send-code.ts';

const schema = z.object({ challengeId: opaqueToken });

/**
 * Sends a new code and link that replace the old ones. Used attempts stay used (OT-4). Throws
 * RATE_LIMITED within the cooldown or after the last resend, INVALID_OR_EXPIRED_CODE for a
 * challenge that is unknown, completed or expired.
 */
export const resendOtp = command(
  schema,
  async (ctx, { challengeId: handle }): Promise<OtpChallenge> => {
    const handleHash = sha256(handle);
    const find = (): Promise<OtpChallengeRow | null> => findChallenge(ctx.db, { handleHash });
    await reserveByAddress(ctx, 'resend:address', async () => isKnownDevices(await find()));
    const before = await find();
    if (!before?.methods.includes('EMAIL')) throw new AuthError('INVALID_OR_EXPIRED_CODE');
    const early = refusal(before, ctx);
    if (early) throw early;
    await reserve(ctx, [resendClaim(before)]);
    // Looked up for a decoy as well, so that the time reveals nothing (EN-3).
    const user = await findUserById(ctx.db, { id: before.userId ?? before.id });

    const now = ctx.clock.now();
    const made = makeSecrets(ctx, { id: before.id, purpose: purposeOf(before) });
    const renewed = await ctx.transaction(async (tx) => {
      const row = await renewCode(tx, {
        handleHash,
        codeHash: made.codeHash,
        linkHash: made.linkHash,
        maxAttempts,
        maxResends,
        now,
        expiresAt: secondsAfter(now, codeLifetime),
        resendAvailableAt: secondsAfter(now, resendCooldown),
      });
      if (!row) return null;
      await assertSessionLives(tx, row);
      await sendCode(ctx, {
        db: tx,
        challenge: row,
        secrets: made.secrets,
        locale: user?.locale ?? row.pendingLocale,
        isOwners: isKnownDevices(row) || row.provedMethods.length > 0,
      });
      return viewChallenge(row, {
        handle,
        passkey: await offerPasskey(ctx, { db: tx, challenge: row }),
      });
    });
    if (!renewed) {
      // Another request came first: the current state explains the refusal.
      const after = await findChallenge(ctx.db, { handleHash });
      throw (after && refusal(after, ctx)) ?? new AuthError('INVALID_OR_EXPIRED_CODE');
    }
    return renewed;
  },
);

/** Only the device that began a challenge holds its handle. */
function isKnownDevices(challenge: OtpChallengeRow | null): boolean {
  return challenge !== null && challenge.knownSessionId !== null;
}

function resendClaim({ knownSessionId, accountKey, originKey }: OtpChallengeRow): Claim {
  return knownSessionId === null
    ? { budget: 'resend:account', identifier: accountKey, origin: originKey }
    : { budget: 'resend:device', identifier: knownSessionId };
}

/**
 * A challenge ends with the session that requested it, such as a change of address at logout. Asked
 * once the challenge is held, since the session may end while this waits for it.
 */
async function assertSessionLives(db: Db, { sessionId }: OtpChallengeRow): Promise<void> {
  if (sessionId === null) return;
  const found = await findSessionById(db, { sessionId });
  if (!found || found.session.revokedAt !== null) throw new AuthError('INVALID_OR_EXPIRED_CODE');
}

/** Why no further code may be sent for this challenge now; null where one may. */
function refusal(challenge: OtpChallengeRow, ctx: Context): AuthError | null {
  const now = ctx.clock.now();
  const over =
    challenge.consumedAt !== null ||
    challenge.expiresAt <= now ||
    challenge.attempts >= maxAttempts;
  if (over) return new AuthError('INVALID_OR_EXPIRED_CODE');
  const isDue = challenge.resendAvailableAt !== null && challenge.resendAvailableAt <= now;
  if (isDue && challenge.resends < maxResends) return null;
  const until =
    challenge.resends >= maxResends
      ? challenge.expiresAt
      : (challenge.resendAvailableAt ?? challenge.expiresAt);
  const retryAfter = Math.max(1, Math.ceil((until.getTime() - now.getTime()) / 1000));
  return new AuthError('RATE_LIMITED', {
    retryAfter,
    message: 'A code was sent a moment ago. Try again later.',
  });
}
