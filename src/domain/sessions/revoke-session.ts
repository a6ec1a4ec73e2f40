import { validate as isUuid } from 'uuid';
import { z } from 'zod';
import { AuthError } from '../../errors.ts';
import type { Accepted } from '../accepted.ts';
import { holdStepUp } from '../caller/hold-caller.ts';
import { requireStepUp } from '../caller/require-step-up.ts';
import { command } from '../command.ts';
import { text } from '../input.ts';
import { endSession } from './end-sessions.ts';

const schema = z.object({ sessionId: text({ max: 100 }) });

/**
 * Ends one of the caller's own sessions. Throws STEP_UP_REQUIRED without a recent proof (SE-12),
 * and NOT_FOUND alike for a session that is another user's, has ended or never existed (EN-6).
 */
export const revokeSession = command(schema, async (ctx, { sessionId }): Promise<Accepted> => {
  requireStepUp(ctx);
  const ended =
    isUuid(sessionId) &&
    (await ctx.transaction(async (tx) => {
      const { id: userId } = await holdStepUp(ctx, { db: tx });
      return endSession(ctx, { db: tx, userId, sessionId, reason: 'revoked_by_owner' });
    }));
  if (!ended) throw new AuthError('NOT_FOUND');
  return { kind: 'accepted', accepted: true };
});
