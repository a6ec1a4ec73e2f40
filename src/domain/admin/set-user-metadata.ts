import { z } from 'zod';
import { recordAudit } from '../audit/record.ts';
import { text } from '../input.ts';
import { changeMetadata } from '../metadata/change-metadata.ts';
import { metadataChange } from '../metadata/metadata-change.ts';
import { type UserView, viewUser } from '../users/user-view.ts';
import { adminCommand } from './admin-command.ts';
import { changeUser } from './change-user.ts';
import { reason } from './reason.ts';

const schema = z.object({
  userId: text({ max: 100 }),
  publicMetadata: metadataChange.nullish(),
  adminMetadata: metadataChange.nullish(),
  reason,
});

/**
 * Changes a user's metadata key by key: what is left out stays, null takes a key away. The trail
 * says which object was changed, and nothing of what is in it; where none is, it says nothing. An
 * object that is null is left out, as what clients send for a variable without a value. Throws
 * FORBIDDEN, STEP_UP_REQUIRED, NOT_FOUND, VALIDATION_FAILED for an object that would be too large.
 */
export const setUserMetadata = adminCommand(
  schema,
  async (ctx, { userId, publicMetadata, adminMetadata, reason: why }): Promise<UserView> =>
    changeUser(ctx, {
      userId,
      change: async ({ db, user }) => {
        const changes = {
          ...(publicMetadata ? { publicMetadata } : {}),
          ...(adminMetadata ? { adminMetadata } : {}),
        };
        const fields = await changeMetadata({ db, userId: user.id, changes });
        if (fields.length > 0)
          await recordAudit(ctx, {
            db,
            type: 'user.metadata_changed',
            outcome: 'SUCCESS',
            subjectId: user.id,
            detail: { fields: fields.join(' '), reason: why },
          });
        return viewUser(user, 'admin');
      },
    }),
);
