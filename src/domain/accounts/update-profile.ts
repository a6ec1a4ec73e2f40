import { z } from 'zod';
import { updateProfile as storeProfile } from '../../db/queries/users.ts';
import { AuthError } from '../../errors.ts';
import { recordAudit } from '../audit/record.ts';
import { holdCaller } from '../caller/hold-caller.ts';
import { requireViewer } from '../caller/require-step-up.ts';
import { command } from '../command.ts';
import { displayName, supportedLocale } from '../input.ts';
import { changeMetadata } from '../metadata/change-metadata.ts';
import { metadataChange } from '../metadata/metadata-change.ts';
import { reserve } from '../rate-limits/reserve.ts';
import { type UserView, viewUser } from '../users/user-view.ts';

const schema = z.object({
  name: displayName.optional(),
  locale: supportedLocale.nullable().optional(),
  preferences: metadataChange.nullable().optional(),
});

/**
 * Changes the name, the language of mails and the user's own preferences. An omitted field stays as
 * it is; null clears it. Throws VALIDATION_FAILED where the preferences would be too large.
 */
export const updateProfile = command(schema, async (ctx, input): Promise<UserView> => {
  const { userId } = requireViewer(ctx);
  await reserve(ctx, [{ budget: 'update-profile:user', identifier: userId }]);
  const changes = {
    ...(input.name === undefined ? {} : { name: input.name }),
    ...(input.locale === undefined ? {} : { locale: input.locale }),
  };
  const own = input.preferences === undefined ? {} : { preferences: input.preferences };
  const user = await ctx.transaction(async (tx) => {
    await holdCaller(ctx, { db: tx });
    const changed = await storeProfile(tx, { id: userId, changes });
    const kept = await changeMetadata({ db: tx, userId, changes: own });
    const detail = { fields: [...Object.keys(changes), ...kept].join(' ') };
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
