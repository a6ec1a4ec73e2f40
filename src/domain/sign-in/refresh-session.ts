import { z } from 'zod';
import { secondsAfter } from '../../clock.ts';
import type { Context } from '../../context.ts';
import { rotateSession } from '../../db/queries/rotate-session.ts';
import type { LiveSession } from '../../db/queries/session-with-user.ts';
import { findSessionById, revokeSession } from '../../db/queries/sessions.ts';
import { findUserById } from '../../db/queries/users.ts';
import { AuthError } from '../../errors.ts';
import { sameBytes } from '../../secret-keys.ts';
import { recordAudit } from '../audit/record.ts';
import { command } from '../command.ts';
import { opaqueToken, tokenDelivery } from '../input.ts';
import { describeDevice } from '../origins/describe-device.ts';
import { enqueueEmail } from '../outbox/enqueue-email.ts';
import { budgetOf, reserveByAddress } from '../rate-limits/reserve.ts';
import type { BegunSession } from '../sessions/begin-session.ts';
import { type RefreshToken, readRefreshToken, successorsOf } from '../sessions/refresh-token.ts';
import { judgeToken } from '../sessions/rules.ts';
import { type AuthTokens, handOverTokens } from './hand-over-tokens.ts';

const schema = z.object({ refreshToken: opaqueToken.nullish(), tokenDelivery });

/**
 * Exchanges a refresh token for its successor and a new access token (RFC 9700 4.14.2). User,
 * status and roles are read again (SE-6). Throws INVALID_OR_EXPIRED_TOKEN for anything that is not
 * a live session's token, RATE_LIMITED past the session's budget.
 */
export const refreshSession = command(schema, async (ctx, input): Promise<AuthTokens> => {
  if (input.tokenDelivery === 'COOKIE') ctx.cookie.assertOwnSite();
  // SECURITY: a token that came in the cookie is never returned in JSON (TR-7).
  const delivery = input.refreshToken ? input.tokenDelivery : 'COOKIE';
  const value = input.refreshToken ?? ctx.cookie.read();
  const token = value === null ? null : readRefreshToken(ctx.keys, value);
  const refreshed = token && (await rotate(ctx, token));
  if (refreshed) return handOverTokens(ctx, refreshed, delivery);
  // The cookie is left unchanged: another tab may have had it replaced while this request was in
  // flight (SE-3). Only refusals count against the address. Many users share one (a company, a
  // server that renders pages), and a valid token must not be refused for what others do; 256 bits
  // cannot be guessed, and a forged token costs no look-up.
  await reserveByAddress(ctx, 'refresh:address');
  throw new AuthError('INVALID_OR_EXPIRED_TOKEN');
});

/** The session with the token's successor; null where the token is refused. */
async function rotate(ctx: Context, token: RefreshToken): Promise<BegunSession | null> {
  const now = ctx.clock.now();
  const successors = successorsOf(ctx.keys, token);
  const [next] = successors;
  const { limit, window } = budgetOf(ctx, 'refresh:session');
  if (!next) throw new Error('There is no secret key.');
  const rotated = await rotateSession(ctx.db, {
    sessionId: token.sessionId,
    presentedHash: token.hash,
    nextHash: next.hash,
    now,
    idleExpiresAt: secondsAfter(now, ctx.config.sessionIdleTtl),
    limit,
    windowEndsAt: secondsAfter(now, window),
  });
  if (rotated) return { session: rotated.session, user: rotated.user, refreshToken: next };

  const found = await findSessionById(ctx.db, { sessionId: token.sessionId });
  if (!found || found.user.suspendedAt !== null) return null;
  const { session } = found;
  switch (judgeToken(session, { token, now, graceSeconds: ctx.config.refreshGrace })) {
    case 'current':
      // The window's rotations are used up, or an obstacle such as a suspension was lifted just
      // now.
      throw new AuthError('RATE_LIMITED', {
        retryAfter: secondsUntil(session.refreshWindowEndsAt ?? now, now),
      });
    case 'ended':
      return null;
    case 'retry':
    case 'lost': {
      // The same successor as the first time, never a second child. With two keys in force it is
      // one of two.
      const successor = successors.find((candidate) =>
        sameBytes(candidate.hash, session.refreshHash),
      );
      return successor ? { ...found, refreshToken: successor } : null;
    }
    case 'ahead':
      ctx.log.error(
        { event: 'refresh.ahead_of_store', requestId: ctx.request.id, userId: found.user.id },
        'A refresh token is newer than its row: the database has lost commits.',
      );
      return null;
    case 'spent':
      await endFamily(ctx, found);
      return null;
  }
}

function secondsUntil(date: Date, now: Date): number {
  return Math.max(1, Math.ceil((date.getTime() - now.getTime()) / 1000));
}

/**
 * SECURITY: a spent token was used again, so two parties hold this family: both lose it, and the
 * owner is told (SE-2).
 */
async function endFamily(ctx: Context, { session, user }: LiveSession): Promise<void> {
  const now = ctx.clock.now();
  const { id: sessionId, userId } = session;
  await ctx.transaction(async (tx) => {
    const revoked = await revokeSession(tx, { sessionId, userId, now, reason: 'refresh.reused' });
    if (!revoked) return;
    // Read again: the address may have changed while this waited for the session's row.
    const owner = (await findUserById(tx, { id: userId })) ?? user;
    await recordAudit(ctx, {
      db: tx,
      type: 'refresh.reused',
      outcome: 'FAILURE',
      subjectId: userId,
      sessionId,
    });
    await enqueueEmail(ctx, {
      db: tx,
      to: owner.email,
      locale: owner.locale,
      content: {
        template: 'refresh-reused',
        at: now.toISOString(),
        device: describeDevice(ctx.request.userAgent),
        ipAddress: ctx.request.ipAddress,
      },
    });
  });
}
