import { secondsAfter } from '../../clock.ts';
import type { SessionRow } from '../../db/tables/sessions.ts';
import { sameBytes } from '../../secret-keys.ts';

/** The state of a genuine refresh token within its session. */
export type TokenVerdict = 'current' | 'retry' | 'lost' | 'spent' | 'ahead' | 'ended';

/** The upper limit of SESSION_LIMIT. */
export const mostSessions = 500;

type Lifetimes = { readonly sessionIdleTtl: number; readonly sessionAbsoluteTtl: number };

/** When a session that begins now expires (SE-4, SE-5). */
export function lifetimeFrom(
  now: Date,
  config: Lifetimes,
): { idleExpiresAt: Date; absoluteExpiresAt: Date } {
  const absoluteExpiresAt = secondsAfter(now, config.sessionAbsoluteTtl);
  const idleExpiresAt = secondsAfter(
    now,
    Math.min(config.sessionIdleTtl, config.sessionAbsoluteTtl),
  );
  return { idleExpiresAt, absoluteExpiresAt };
}

export function hasEnded(session: SessionRow, now: Date): boolean {
  return (
    session.revokedAt !== null || session.idleExpiresAt <= now || session.absoluteExpiresAt <= now
  );
}

/**
 * Judges a genuine token against its session. The previous token, within the grace window, comes
 * from a client that lost the answer or from a second tab; the window starts at the rotation and
 * does not slide. Past it, it comes from a client that lost the answer as long as no one has shown
 * a token of the current generation, refresh or access token. Older tokens are spent: if one is
 * used, two parties hold the family (RFC 9700 4.14.2). A token newer than the row can only mean
 * that the database has lost commits (a fail-over, a restored backup): it is refused, but is no
 * sign of theft.
 */
export function judgeToken(
  session: SessionRow,
  input: { token: { hash: Uint8Array; generation: number }; now: Date; graceSeconds: number },
): TokenVerdict {
  const { token, now } = input;
  if (hasEnded(session, now)) return 'ended';
  if (sameBytes(session.refreshHash, token.hash)) return 'current';
  if (token.generation > session.refreshGeneration) return 'ahead';
  const isPrevious =
    session.previousRefreshHash !== null && sameBytes(session.previousRefreshHash, token.hash);
  const inGrace =
    session.rotatedAt !== null && now < secondsAfter(session.rotatedAt, input.graceSeconds);
  const isUnseen = session.unseenGeneration === session.refreshGeneration;
  if (!isPrevious) return 'spent';
  if (inGrace) return 'retry';
  return isUnseen ? 'lost' : 'spent';
}

/** Whether the token is one that its holder should have; `lost` may only ask for the successor. */
export function isGood(verdict: TokenVerdict): boolean {
  return verdict === 'current' || verdict === 'retry';
}
