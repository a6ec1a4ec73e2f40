import type { Context } from '../../context.ts';
import type { UserRow } from '../../db/tables/users.ts';
import { forgotPasswordLink } from '../emails/links.ts';
import { requestOrigin } from '../origins/request-origin.ts';
import { reserveUnseen } from '../rate-limits/reserve.ts';
import { enqueueEmail, enqueueNothing } from './enqueue-email.ts';

type Input = {
  /** Null where the address has no account that signs in: the work is the same (EN-3). */
  readonly owner: Pick<UserRow, 'email' | 'locale'> | null;
  readonly accountKey: Uint8Array;
  readonly template: 'sign-in-shut' | 'password-guesses' | 'password-locked';
};

/**
 * Tells an owner that attempts of others have shut a way to sign in, or are about to (RL-3); each
 * notice once a day at most.
 */
export async function tellShut(ctx: Context, input: Input): Promise<void> {
  const { owner, accountKey, template } = input;
  const identifier = `${template} ${Buffer.from(accountKey).toString('hex')}`;
  if (!(await reserveUnseen(ctx, [{ budget: 'shut-notice:account', identifier }]))) return;
  await ctx.transaction(async (db) => {
    if (!owner) return enqueueNothing(ctx, { db, purpose: 'notice' });
    await enqueueEmail(ctx, {
      db,
      to: owner.email,
      locale: owner.locale,
      content: { template, ...requestOrigin(ctx), resetLink: forgotPasswordLink(ctx.config) },
    });
  });
}
