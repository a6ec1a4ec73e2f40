import { secondsAfter } from '../../clock.ts';
import type { SessionRow } from '../../db/tables/sessions.ts';
import { sameBytes } from '../../secret-keys.ts';

/** What a genuine refresh token is to its session. */
export type TokenVerdict = 'current' | 'retry' | 'spent' | 'ahead' | 'ended';

/** The most that SESSION_LIMIT can be set to. */
export const mostSessions = 500;

type Lifetimes = { readonly sessionIdleTtl: number; readonly sessionAbsoluteTtl: number };

/** When a session that begins now ends by itself (SE-4, SE-5). */
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
 * What a token of ours means to its session. The token before the current one, within the grace
 * window, is a client that lost the answer or a second tab; the window is measured from the
 * rotation and does not slide. Older ones are spent: if one is used, two parties hold the family
 * (RFC 9700 4.14.2). One that is newer than the row can only mean that the database has lost
 * commits (a fail-over, a restored backup): that is refused, and is nobody's theft.
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
  return isPrevious && inGrace ? 'retry' : 'spent';
}

/** Whether whoever shows the token could still refresh with it. */
export function isGood(verdict: TokenVerdict): boolean {
  return verdict === 'current' || verdict === 'retry';
}
