import { secondsAfter } from '../../clock.ts';
import type { Context, Viewer } from '../../context.ts';
import { AuthError } from '../../errors.ts';
import { provesSecondFactor, readProved } from '../factors/rules.ts';

/** Seconds for which a proof of presence is good (SE-13). */
export const stepUpLifetime = 600;

type Asker = Pick<Context, 'viewer' | 'clock'>;

/** The signed-in caller. Throws UNAUTHENTICATED for anyone else. */
export function requireViewer(ctx: Pick<Context, 'viewer'>): Viewer {
  if (!ctx.viewer) throw new AuthError('UNAUTHENTICATED', { reason: 'TOKEN_MISSING' });
  return ctx.viewer;
}

/**
 * The caller, where they have proved in this session, and within ten minutes, who they are, with
 * the second factor where they have one. Read from the session's row, not from the token (SE-13).
 * Throws STEP_UP_REQUIRED: a stolen access token alone changes nothing that matters.
 */
export function requireStepUp(ctx: Asker): Viewer {
  const viewer = requireRecentProof(ctx);
  const { user, session } = viewer.session;
  if (user.totpEnabledAt !== null && !provesSecondFactor(readProved(session.provedMethods))) {
    throw new AuthError('STEP_UP_REQUIRED');
  }
  return viewer;
}

/**
 * The caller, where the session's proof is recent. For verbs that check the second factor
 * themselves; others want requireStepUp.
 */
export function requireRecentProof(ctx: Asker): Viewer {
  const viewer = requireViewer(ctx);
  const { authenticatedAt } = viewer.session.session;
  if (secondsAfter(authenticatedAt, stepUpLifetime) <= ctx.clock.now())
    throw new AuthError('STEP_UP_REQUIRED');
  return viewer;
}
