import { secondsAfter } from '../../clock.ts';
import type { Context, SessionViewer } from '../../context.ts';
import { AuthError } from '../../errors.ts';
import { requireViewer, stepUpLifetime } from '../caller/require-step-up.ts';
import { type AdminVerdict, judgeAdmin } from '../roles/rules.ts';

type Asker = Pick<Context, 'viewer' | 'clock' | 'log' | 'request'>;

const needsSecondFactor =
  'Administration needs a second factor: sign in with a passkey, or set up an authenticator ' +
  'app and sign in with the password and a code.';

/**
 * An administrator who reads. Throws UNAUTHENTICATED, and FORBIDDEN for non-admins: a query has no
 * union in which to say more.
 */
export function requireAdminToLook(ctx: Asker): SessionViewer {
  const { viewer, verdict } = judge(ctx, 'look');
  if (verdict === 'allowed') return viewer;
  throw refuse(ctx, { viewer, verdict });
}

/**
 * An administrator who changes something. Throws UNAUTHENTICATED, FORBIDDEN for non-admins, and
 * STEP_UP_REQUIRED for one whose session lacks the second factor or a recent proof (AZ-4).
 */
export function requireAdminToChange(ctx: Asker): SessionViewer {
  const { viewer, verdict } = judge(ctx, 'change');
  if (verdict === 'allowed') return viewer;
  if (verdict === 'not-an-admin') throw refuse(ctx, { viewer, verdict });
  throw new AuthError(
    'STEP_UP_REQUIRED',
    verdict === 'no-second-factor' ? { message: needsSecondFactor } : {},
  );
}

function judge(
  ctx: Asker,
  wish: 'look' | 'change',
): { viewer: SessionViewer; verdict: AdminVerdict } {
  const viewer = requireViewer(ctx);
  const { methods, authenticatedAt } = viewer.session.session;
  const isFresh = secondsAfter(authenticatedAt, stepUpLifetime) > ctx.clock.now();
  return { viewer, verdict: judgeAdmin({ roles: viewer.roles, methods, isFresh }, wish) };
}

function refuse(
  ctx: Asker,
  { viewer, verdict }: { viewer: SessionViewer; verdict: AdminVerdict },
): AuthError {
  // Logged, not audited: an attacker who probes must not be able to fill the audit trail (ASVS
  // 16.3.2).
  ctx.log.warn(
    { event: 'admin.refused', reason: verdict, requestId: ctx.request.id, userId: viewer.userId },
    'An administrative operation was refused.',
  );
  return new AuthError(
    'FORBIDDEN',
    verdict === 'no-second-factor' ? { message: needsSecondFactor } : {},
  );
}
