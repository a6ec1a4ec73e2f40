import { z } from 'zod';
import { endAccountTokens } from '../../db/queries/account-tokens.ts';
import { endChallenges } from '../../db/queries/otp-challenges.ts';
import { removePasswordHash } from '../../db/queries/users.ts';
import { AuthError } from '../../errors.ts';
import type { Accepted } from '../accepted.ts';
import { issueAccountToken, passwordPurposes, resetLifetime } from '../accounts/account-token.ts';
import { recordAudit } from '../audit/record.ts';
import { resetPasswordLink } from '../emails/links.ts';
import { text } from '../input.ts';
import { enqueueEmail } from '../outbox/enqueue-email.ts';
import { endAllSessions } from '../sessions/end-sessions.ts';
import { adminCommand } from './admin-command.ts';
import { changeUser } from './change-user.ts';
import { requiredReason } from './reason.ts';

const schema = z.object({ userId: text({ max: 100 }), reason: requiredReason });

/**
 * Removes a user's password that others may know: every session ends, and a link to choose another
 * is sent to their address and to no one else (RC-11). Throws FORBIDDEN, STEP_UP_REQUIRED,
 * NOT_FOUND, CONFLICT for a suspended account.
 */
export const resetUserPassword = adminCommand(
  schema,
  async (ctx, { userId, reason }): Promise<Accepted> =>
    changeUser(ctx, {
      userId,
      change: async ({ db, user }) => {
        if (user.suspendedAt)
          throw new AuthError('CONFLICT', { message: 'This account is suspended.' });
        const now = ctx.clock.now();
        await removePasswordHash(db, { id: user.id, now });
        await endAllSessions(ctx, { db, userId: user.id, reason: 'credentials_changed' });
        await endChallenges(db, { userId: user.id, now });
        await endAccountTokens(db, { userId: user.id, purposes: passwordPurposes, now });
        const token = await issueAccountToken(ctx, {
          db,
          purpose: 'RESET_PASSWORD',
          owner: { userId: user.id, email: user.email },
          lifetime: resetLifetime,
        });
        const detail = { reason };
        await recordAudit(ctx, {
          db,
          type: 'user.password_reset',
          outcome: 'SUCCESS',
          subjectId: user.id,
          detail,
        });
        await enqueueEmail(ctx, {
          db,
          to: user.email,
          locale: user.locale,
          content: { template: 'password-reset', link: resetPasswordLink(ctx.config, { token }) },
        });
        return { kind: 'accepted', accepted: true };
      },
    }),
);
