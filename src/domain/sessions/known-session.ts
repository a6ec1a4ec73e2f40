import type { Context } from '../../context.ts';
import { findSessionById } from '../../db/queries/sessions.ts';
import { AuthError } from '../../errors.ts';
import { actsAsUser } from '../caller/rules.ts';
import { readRefreshToken } from './refresh-token.ts';

/**
 * The session that the caller proves to have had in the account of this address: by a bearer token
 * of ours, expired or not, or by the cookie, spent or not. Null where there is none, or where it
 * was ended: after signing out or being signed out, the device is unknown again.
 */
export async function knownSession(ctx: Context, canonical: string): Promise<string | null> {
  const { viewer } = ctx;
  if (actsAsUser(viewer) && viewer.session.user.emailCanonical === canonical)
    return viewer.sessionId;
  for (const sessionId of presentedSessions(ctx)) {
    const found = await findSessionById(ctx.db, { sessionId });
    if (found && found.session.revokedAt === null && found.user.emailCanonical === canonical)
      return sessionId;
  }
  return null;
}

/** Whether the request shows a token of a session of ours, of whatever account, living or not. */
export function presentsSession(ctx: Context): boolean {
  return actsAsUser(ctx.viewer) || presentedSessions(ctx).length > 0;
}

function presentedSessions(ctx: Context): string[] {
  const presented = [ctx.staleBearer?.sessionId, sessionOfCookie(ctx)];
  return presented.filter((sessionId) => sessionId !== undefined);
}

function sessionOfCookie(ctx: Context): string | undefined {
  try {
    const value = ctx.cookie.read();
    return value === null ? undefined : readRefreshToken(ctx.keys, value)?.sessionId;
  } catch (error) {
    // A cross-site request: its cookie proves nothing here, and the sign-in itself decides what to
    // do about it.
    if (error instanceof AuthError) return undefined;
    throw error;
  }
}
