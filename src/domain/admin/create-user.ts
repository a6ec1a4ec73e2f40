import { z } from 'zod';
import { AuthError } from '../../errors.ts';
import { holdAdmins } from '../caller/hold-admins.ts';
import { assertSessionLives } from '../caller/hold-caller.ts';
import { resetPasswordLink } from '../emails/links.ts';
import { displayName, newEmailAddress, supportedLocale } from '../input.ts';
import { enqueueEmail } from '../outbox/enqueue-email.ts';
import { accountKey, reserve } from '../rate-limits/reserve.ts';
import { roleNames } from '../roles/role-names.ts';
import { type UserView, viewUser } from '../users/user-view.ts';
import { adminCommand } from './admin-command.ts';
import { inviteUser } from './invite-user.ts';
import { reason } from './reason.ts';
import { requireAdminToChange } from './require-admin.ts';

const schema = z.object({
  email: newEmailAddress,
  name: displayName.optional(),
  roles: roleNames.nullish(),
  sendInvitation: z.boolean().nullish(),
  locale: supportedLocale.nullish(),
  reason,
});

/**
 * Makes an account and mails its owner a link to choose a password; without an invitation they sign
 * in by a code or reset the password. Repeated for an unverified account, it sets name and roles
 * again and sends another link. Throws FORBIDDEN, STEP_UP_REQUIRED, VALIDATION_FAILED,
 * RATE_LIMITED, CONFLICT where the address has an account.
 */
export const createUser = adminCommand(schema, async (ctx, input): Promise<UserView> => {
  const actor = requireAdminToChange(ctx);
  const { email } = input;
  await reserve(ctx, [
    { budget: 'create-user:admin', identifier: actor.userId },
    { budget: 'invitation-mail:account', identifier: accountKey(ctx, email.canonical) },
  ]);
  const user = await ctx.transaction(async (tx) => {
    await holdAdmins(ctx, { db: tx });
    const invited = await inviteUser(ctx, {
      db: tx,
      email,
      name: input.name ?? null,
      roles: input.roles ?? [],
      locale: input.locale ?? null,
      reason: input.reason,
    });
    // After the row of the invited user, which this may have waited for.
    await assertSessionLives(ctx, { db: tx });
    if (!invited)
      throw new AuthError('CONFLICT', { message: 'This address has an account already.' });
    if (input.sendInvitation !== false) {
      await enqueueEmail(ctx, {
        db: tx,
        to: invited.user.email,
        locale: invited.user.locale,
        content: {
          template: 'invitation',
          name: invited.user.name,
          link: resetPasswordLink(ctx.config, { token: invited.token }),
        },
      });
    }
    return invited.user;
  });
  return viewUser(user, 'admin');
});
