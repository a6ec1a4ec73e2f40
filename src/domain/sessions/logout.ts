import { z } from 'zod';
import type { Context, SessionViewer, StaleBearer } from '../../context.ts';
import type { LiveSession } from '../../db/queries/session-with-user.ts';
import { findSessionById } from '../../db/queries/sessions.ts';
import { AuthError } from '../../errors.ts';
import type { Accepted } from '../accepted.ts';
import { holdStepUp } from '../caller/hold-caller.ts';
import { requireStepUp } from '../caller/require-step-up.ts';
import { actsAsUser, viewerOf } from '../caller/rules.ts';
import { command } from '../command.ts';
import { opaqueToken } from '../input.ts';
import { withContext } from '../with-context.ts';
import { endAllSessions, endSession } from './end-sessions.ts';
import { readRefreshToken } from './refresh-token.ts';
import { isGood, judgeToken, type TokenVerdict } from './rules.ts';

const schema = z.object({ refreshToken: opaqueToken.nullish(), everywhere: z.boolean().nullish() });

/**
 * Ends the caller's session, identified by the access token, expired or not, by the refresh token
 * or by the cookie; an unknown or ended one gets the same answer (SE-8). With `everywhere`, ends
 * all of the user's sessions: that requires a valid token and a recent proof, else it ends the own
 * session alone and throws STEP_UP_REQUIRED (SE-12). Throws FORBIDDEN where another site sends the
 * cookie.
 */
export const logout = command(schema, async (ctx, input): Promise<Accepted> => {
  const fromCookie = input.refreshToken ? null : ctx.cookie.read();
  const shown = await findShown(ctx, input.refreshToken ?? fromCookie);
  // SECURITY: a caller signed in as A ends no session of B, even if B's cookie is in the same
  // browser (SE-8).
  const viewer = actsAsUser(ctx.viewer) ? ctx.viewer : null;
  const isForeign = shown !== null && viewer !== null && shown.session.userId !== viewer.userId;
  const own = isForeign ? null : shown;
  const refusal = input.everywhere ? await endEverywhere(ctx, viewer, own) : null;
  // A user who signs out is signed out here, whatever becomes of the other sessions.
  if (!input.everywhere || refusal !== null) await endOwn(ctx, viewer, own);
  if (fromCookie !== null && !isForeign) ctx.cookie.clear();
  if (refusal !== null) throw refusal;
  return { kind: 'accepted', accepted: true };
});

type Shown = LiveSession & { readonly verdict: TokenVerdict };

/** The session of a refresh token; null where this server never issued the token. */
async function findShown(ctx: Context, refreshToken: string | null): Promise<Shown | null> {
  const token = refreshToken === null ? null : readRefreshToken(ctx.keys, refreshToken);
  const found = token && (await findSessionById(ctx.db, { sessionId: token.sessionId }));
  if (!found) return null;
  const graceSeconds = ctx.config.refreshGrace;
  return {
    ...found,
    verdict: judgeToken(found.session, { token, now: ctx.clock.now(), graceSeconds }),
  };
}

/**
 * Ends only the token's own session. A spent refresh token ends its session too, and so does an
 * expired access token where no other credential names one.
 */
async function endOwn(
  ctx: Context,
  viewer: SessionViewer | null,
  shown: Shown | null,
): Promise<void> {
  const owned = new Map<string, string>();
  const bearer = viewer ?? (shown === null ? ctx.staleBearer : null);
  if (bearer) owned.set(bearer.sessionId, bearer.userId);
  if (shown && shown.verdict !== 'ended') owned.set(shown.session.id, shown.session.userId);
  for (const [sessionId, userId] of owned) {
    await ctx.transaction((tx) => endSession(ctx, { db: tx, userId, sessionId, reason: 'logout' }));
  }
}

/** Returns STEP_UP_REQUIRED where the caller may not end the other sessions, and ends none then. */
async function endEverywhere(
  ctx: Context,
  viewer: SessionViewer | null,
  shown: Shown | null,
): Promise<AuthError | null> {
  const proved =
    viewer ??
    (shown && isGood(shown.verdict) && shown.user.suspendedAt === null ? viewerOf(shown) : null);
  if (!proved) {
    // SECURITY: a spent or expired token of a live session does not prove that its holder is the
    // user.
    const lives = shown ? shown.verdict !== 'ended' : await isAlive(ctx, ctx.staleBearer);
    return lives ? new AuthError('STEP_UP_REQUIRED') : null;
  }
  const acting = withContext(ctx, { viewer: proved });
  try {
    requireStepUp(acting);
    await ctx.transaction(async (tx) => {
      const { id: userId } = await holdStepUp(acting, { db: tx });
      await endAllSessions(ctx, { db: tx, userId, reason: 'logout_everywhere' });
    });
    return null;
  } catch (error) {
    if (error instanceof AuthError && error.code === 'STEP_UP_REQUIRED') return error;
    throw error;
  }
}

async function isAlive(ctx: Context, bearer: StaleBearer | null): Promise<boolean> {
  return bearer !== null && (await ctx.lookUpSession(bearer)) !== null;
}
