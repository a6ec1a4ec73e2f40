import { z } from 'zod';
import { updateProfile as storeProfile } from '../../db/queries/users.ts';
import { AuthError } from '../../errors.ts';
import { recordAudit } from '../audit/record.ts';
import { holdCaller } from '../caller/hold-caller.ts';
import { requireViewer } from '../caller/require-step-up.ts';
import { command } from '../command.ts';
import { displayName, supportedLocale } from '../input.ts';
import { reserve } from '../rate-limits/reserve.ts';
import { type UserView, viewUser } from '../users/user-view.ts';

const schema = z.object({
  name: displayName.optional(),
  locale: supportedLocale.nullable().optional(),
});

/** Changes the name and the language of mails. An omitted field stays as it is; null clears it. */
export const updateProfile = command(schema, async (ctx, input): Promise<UserView> => {
  const { userId } = requireViewer(ctx);
  await reserve(ctx, [{ budget: 'update-profile:user', identifier: userId }]);
  const changes = {
    ...(input.name === undefined ? {} : { name: input.name }),
    ...(input.locale === undefined ? {} : { locale: input.locale }),
  };
  const user = await ctx.transaction(async (tx) => {
    await holdCaller(ctx, { db: tx });
    const changed = await storeProfile(tx, { id: userId, changes });
    const detail = { fields: Object.keys(changes).join(' ') };
    if (changed)
      await recordAudit(ctx, {
        db: tx,
        type: 'profile.updated',
        outcome: 'SUCCESS',
        subjectId: userId,
        detail,
      });
    return changed;
  });
  if (!user) throw new AuthError('UNAUTHENTICATED', { reason: 'SESSION_REVOKED' });
  return viewUser(user, 'self');
});
