import { secondsAfter } from '../../clock.ts';
import type { SessionRow } from '../../db/tables/sessions.ts';
import { sameBytes } from '../../secret-keys.ts';

export type RefreshVerdict = 'retry' | 'reused' | 'ended';

type Lifetimes = { readonly sessionIdleTtl: number; readonly sessionAbsoluteTtl: number };

/** When a session that begins now ends by itself (SE-4, SE-5). */
export function lifetimeFrom(now: Date, config: Lifetimes): { idleExpiresAt: Date; absoluteExpiresAt: Date } {
  const absoluteExpiresAt = secondsAfter(now, config.sessionAbsoluteTtl);
  const idleExpiresAt = secondsAfter(now, Math.min(config.sessionIdleTtl, config.sessionAbsoluteTtl));
  return { idleExpiresAt, absoluteExpiresAt };
}

export function hasEnded(session: SessionRow, now: Date): boolean {
  return session.revokedAt !== null || session.idleExpiresAt <= now || session.absoluteExpiresAt <= now;
}

/**
 * What a genuine token means that is not its session's current one. The one before it, within the grace window, is a client that
 * lost the answer or a second tab; the window is measured from the rotation and does not slide. Anything else is theft (RFC 9700 4.14.2).
 */
export function judgeSpentToken(
  session: SessionRow,
  token: { hash: Uint8Array; now: Date; graceSeconds: number },
): RefreshVerdict {
  if (hasEnded(session, token.now)) return 'ended';
  const isPrevious = session.previousRefreshHash !== null && sameBytes(session.previousRefreshHash, token.hash);
  const inGrace = session.rotatedAt !== null && token.now < secondsAfter(session.rotatedAt, token.graceSeconds);
  return isPrevious && inGrace ? 'retry' : 'reused';
}
