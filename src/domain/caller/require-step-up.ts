import { secondsAfter } from '../../clock.ts';
import type { Context, SessionViewer } from '../../context.ts';
import { AuthError } from '../../errors.ts';
import { provesSecondFactor, readProved } from '../factors/rules.ts';
import { actsAsUser } from './rules.ts';

/** Seconds for which a proof of presence is good (SE-13). */
export const stepUpLifetime = 600;

type Asker = Pick<Context, 'viewer' | 'clock'>;

/**
 * The signed-in user. Throws UNAUTHENTICATED for an anonymous caller, FORBIDDEN for a caller of
 * another kind, such as a machine.
 */
export function requireViewer({ viewer }: Pick<Context, 'viewer'>): SessionViewer {
  if (actsAsUser(viewer)) return viewer;
  if (viewer === null) throw new AuthError('UNAUTHENTICATED', { reason: 'TOKEN_MISSING' });
  throw new AuthError('FORBIDDEN');
}

/**
 * The caller, where they have proved who they are in this session and within ten minutes, including
 * the second factor where they have one. Read from the session's row, not from the token (SE-13).
 * Throws STEP_UP_REQUIRED: a stolen access token by itself must not change anything important.
 */
export function requireStepUp(ctx: Asker): SessionViewer {
  const viewer = requireRecentProof(ctx);
  assertSecondFactor(viewer);
  return viewer;
}

/** Throws STEP_UP_REQUIRED where the user has a second factor that the session has not proved. */
export function assertSecondFactor(viewer: SessionViewer): void {
  const { user, session } = viewer.session;
  if (user.totpEnabledAt !== null && !provesSecondFactor(readProved(session.provedMethods))) {
    throw new AuthError('STEP_UP_REQUIRED');
  }
}

/** Seconds after a password within which a passkey may be made without a click (PK-16). */
const passwordLifetime = 300;

/**
 * The caller, where the session began with a password within five minutes, and with the second
 * factor where there is one. Throws STEP_UP_REQUIRED.
 */
export function requireRecentPassword(ctx: Asker): SessionViewer {
  const viewer = requireViewer(ctx);
  const { authenticatedAt, provedMethods } = viewer.session.session;
  const isRecent = secondsAfter(authenticatedAt, passwordLifetime) > ctx.clock.now();
  if (!isRecent || !provedMethods.includes('PASSWORD')) throw new AuthError('STEP_UP_REQUIRED');
  assertSecondFactor(viewer);
  return viewer;
}

/**
 * The caller, where the session's proof is recent. For verbs that check the second factor
 * themselves; others use requireStepUp.
 */
export function requireRecentProof(ctx: Asker): SessionViewer {
  const viewer = requireViewer(ctx);
  const { authenticatedAt } = viewer.session.session;
  if (secondsAfter(authenticatedAt, stepUpLifetime) <= ctx.clock.now())
    throw new AuthError('STEP_UP_REQUIRED');
  return viewer;
}
