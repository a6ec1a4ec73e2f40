import type { Context } from '../../context.ts';
import { findSessionById } from '../../db/queries/sessions.ts';
import { holdAdmins } from '../caller/hold-admins.ts';
import { assertSessionLives } from '../caller/hold-caller.ts';
import { endSession } from '../sessions/end-sessions.ts';
import { readRefreshToken } from '../sessions/refresh-token.ts';
import { verifyAccessToken } from './verify-access-token.ts';

/**
 * Ends the session of an access or refresh token, and with it every token of that session (RFC 7009
 * section 2.1). An expired access token also works, since its session may still be alive (ADV-45).
 * An unknown or already revoked token is no error. The caller must already have checked that a
 * service or an admin is asking. Throws FORBIDDEN or UNAUTHENTICATED for an admin who is none any
 * more, or whose session has ended meanwhile.
 */
export async function revokeToken(ctx: Context, { token }: { token: string }): Promise<void> {
  const named = await sessionOf(ctx, token);
  if (!named) return;
  const reason = ctx.viewer ? 'revoked_by_admin' : 'revoked_by_service';
  const actorId = ctx.viewer?.userId ?? null;
  await ctx.transaction(async (tx) => {
    if (ctx.viewer) await holdAdmins(ctx, { db: tx });
    await endSession(ctx, { db: tx, ...named, reason, actorId });
    // After the rows above, which this may have waited for; an administrator may end this session.
    if (ctx.viewer && ctx.viewer.sessionId !== named.sessionId)
      await assertSessionLives(ctx, { db: tx });
  });
}

async function sessionOf(
  ctx: Context,
  value: string,
): Promise<{ userId: string; sessionId: string } | null> {
  const verdict = await verifyAccessToken(ctx, value);
  if (verdict.kind === 'valid' || verdict.reason === 'TOKEN_EXPIRED')
    return { userId: verdict.userId, sessionId: verdict.sessionId };
  const token = readRefreshToken(ctx.keys, value);
  const found = token && (await findSessionById(ctx.db, { sessionId: token.sessionId }));
  return found ? { userId: found.user.id, sessionId: found.session.id } : null;
}
