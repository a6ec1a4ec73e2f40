import { z } from 'zod';
import type { Context } from '../../context.ts';
import { findSessionById, revokeAllSessions, revokeSession } from '../../db/queries/sessions.ts';
import { recordAudit } from '../audit/record.ts';
import { command } from '../command.ts';
import { opaqueToken } from '../input.ts';
import { readRefreshToken } from './refresh-token.ts';

const schema = z.object({ refreshToken: opaqueToken.nullish(), everywhere: z.boolean().nullish() });

export type Accepted = { readonly kind: 'accepted'; readonly accepted: true };

/**
 * Ends the caller's session, named by the access token, the refresh token or the cookie, or all of the user's. An unknown or
 * ended one gets the same answer (SE-8).
 */
export const logout = command(schema, async (ctx, input): Promise<Accepted> => {
  for (const owner of await ownedSessions(ctx, input.refreshToken ?? ctx.cookie.read())) {
    await ctx.db.transaction(async (tx) => {
      const end = { userId: owner.userId, now: ctx.clock.now(), reason: 'logout' };
      const ended = input.everywhere
        ? await revokeAllSessions(tx, end)
        : [await revokeSession(tx, { ...end, sessionId: owner.sessionId })].flatMap((row) => (row ? [row.id] : []));
      for (const sessionId of ended) {
        await recordAudit(ctx, {
          db: tx,
          type: 'session.closed',
          outcome: 'SUCCESS',
          subjectId: owner.userId,
          sessionId,
        });
      }
    });
  }
  ctx.cookie.clear();
  return { kind: 'accepted', accepted: true };
});

type Owned = { readonly userId: string; readonly sessionId: string };

/** The sessions that the request proves to hold: the bearer's, and that of a refresh token which is its session's latest or last but one. */
async function ownedSessions(ctx: Context, refreshToken: string | null): Promise<Owned[]> {
  const owned = new Map<string, Owned>();
  if (ctx.viewer) owned.set(ctx.viewer.sessionId, ctx.viewer);
  const token = refreshToken === null ? null : readRefreshToken(ctx.keys, refreshToken);
  if (token && !owned.has(token.sessionId)) {
    const found = await findSessionById(ctx.db, { sessionId: token.sessionId });
    if (found) owned.set(token.sessionId, { userId: found.user.id, sessionId: token.sessionId });
  }
  return [...owned.values()];
}
