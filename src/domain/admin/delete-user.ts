import { z } from 'zod';
import type { Accepted } from '../accepted.ts';
import { eraseUser } from '../accounts/delete-account.ts';
import { text } from '../input.ts';
import { adminCommand } from './admin-command.ts';
import { type Changer, changeUser, type HeldUser } from './change-user.ts';
import { reason } from './reason.ts';

const schema = z.object({ userId: text({ max: 100 }), reason });

/**
 * Erases a user as deleteAccount does; the owner is told. Throws FORBIDDEN, STEP_UP_REQUIRED,
 * NOT_FOUND, CONFLICT for the last administrator.
 */
export const deleteUser = adminCommand(
  schema,
  async (ctx, { userId, reason: why }): Promise<Accepted> => {
    const change = (held: HeldUser) => deleteHeld(ctx, held, { reason: why });
    await changeUser(ctx, { userId, change });
    return { kind: 'accepted', accepted: true };
  },
);

export async function deleteHeld(
  ctx: Changer,
  { db, user, assertNotLastAdmin }: HeldUser,
  { reason: why }: { readonly reason: string | null },
): Promise<void> {
  assertNotLastAdmin();
  await eraseUser(ctx, { db, user, reason: why });
}
