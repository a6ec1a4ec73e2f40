import { z } from 'zod';
import { secondsAfter } from '../../clock.ts';
import type { Context } from '../../context.ts';
import { findSessionById, revokeSession, rotateRefreshHash } from '../../db/queries/sessions.ts';
import { AuthError } from '../../errors.ts';
import { sameBytes } from '../../secret-keys.ts';
import { recordAudit } from '../audit/record.ts';
import { command } from '../command.ts';
import { opaqueToken, tokenDelivery } from '../input.ts';
import { enqueueEmail } from '../outbox/enqueue-email.ts';
import { reserve } from '../rate-limits/reserve.ts';
import type { BegunSession } from './begin-session.ts';
import { type AuthTokens, handOverTokens } from './hand-over-tokens.ts';
import { type RefreshToken, readRefreshToken, successorsOf } from './refresh-token.ts';
import { hasEnded, judgeSpentToken } from './rules.ts';
import { describeDevice } from './session-view.ts';

const schema = z.object({ refreshToken: opaqueToken.nullish(), tokenDelivery });

/**
 * Trades a refresh token for its successor and a new access token (RFC 9700 4.14.2). User, status and roles are read anew. Throws
 * INVALID_OR_EXPIRED_TOKEN for anything that is not a live session's token.
 */
export const refreshSession = command(schema, async (ctx, input): Promise<AuthTokens> => {
  const delivery = input.refreshToken ? input.tokenDelivery : 'COOKIE';
  const value = input.refreshToken ?? ctx.cookie.read();
  await reserve(ctx, [{ budget: 'refresh:address', identifier: ctx.request.addressBucket }]);
  const token = value === null ? null : readRefreshToken(ctx.keys, value);
  if (!token) throw new AuthError('INVALID_OR_EXPIRED_TOKEN');
  return handOverTokens(ctx, await rotate(ctx, token), delivery);
});

async function rotate(ctx: Context, token: RefreshToken): Promise<BegunSession> {
  const now = ctx.clock.now();
  const [next] = successorsOf(ctx.keys, token);
  if (!next) throw new Error('There is no secret key.');
  const rotated = await rotateRefreshHash(ctx.db, {
    sessionId: token.sessionId,
    presentedHash: token.hash,
    nextHash: next.hash,
    now,
    idleExpiresAt: secondsAfter(now, ctx.config.sessionIdleTtl),
  });
  const found = await findSessionById(ctx.db, { sessionId: token.sessionId });
  if (!found || found.user.suspendedAt !== null || hasEnded(found.session, now))
    throw new AuthError('INVALID_OR_EXPIRED_TOKEN');
  if (rotated) return { session: found.session, user: found.user, refreshToken: next };

  const verdict = judgeSpentToken(found.session, { hash: token.hash, now, graceSeconds: ctx.config.refreshGrace });
  if (verdict === 'retry') {
    // The same successor as the first time, never a second child.
    const successor = successorsOf(ctx.keys, token).find((candidate) =>
      sameBytes(candidate.hash, found.session.refreshHash),
    );
    if (successor) return { session: found.session, user: found.user, refreshToken: successor };
  } else if (verdict === 'reused') {
    await endFamily(ctx, {
      sessionId: found.session.id,
      userId: found.user.id,
      email: found.user.email,
      locale: found.user.locale,
    });
  }
  throw new AuthError('INVALID_OR_EXPIRED_TOKEN');
}

/** SECURITY: a spent token has come back, so two parties hold this family: both lose it, and the owner is told. */
async function endFamily(
  ctx: Context,
  { sessionId, userId, email, locale }: { sessionId: string; userId: string; email: string; locale: string | null },
): Promise<void> {
  const now = ctx.clock.now();
  await ctx.db.transaction(async (tx) => {
    const revoked = await revokeSession(tx, { sessionId, userId, now, reason: 'refresh.reused' });
    if (!revoked) return;
    await recordAudit(ctx, { db: tx, type: 'refresh.reused', outcome: 'FAILURE', subjectId: userId, sessionId });
    await enqueueEmail(ctx, {
      db: tx,
      to: email,
      locale,
      content: {
        template: 'refresh-reused',
        at: now.toISOString(),
        device: describeDevice(ctx.request.userAgent),
        ipAddress: ctx.request.ipAddress,
      },
    });
  });
  ctx.wakeOutbox();
}
