import type { Context } from '../../context.ts';
import { networksOfUser } from '../../db/queries/sessions.ts';
import type { UserRow } from '../../db/tables/users.ts';
import { forgotPasswordLink } from '../emails/links.ts';
import { requestOrigin } from '../origins/request-origin.ts';
import { originOfNetwork, reserveUnseen } from '../rate-limits/reserve.ts';
import { enqueueEmail, enqueueNothing } from './enqueue-email.ts';

type Owner = Pick<UserRow, 'id' | 'email' | 'locale'>;

type Input = {
  /** Null where the address has no account that signs in: the work is the same (EN-3). */
  readonly owner: Owner | null;
  readonly accountKey: Uint8Array;
  readonly template:
    | 'sign-in-shut'
    | 'password-guesses'
    | 'password-locked'
    | 'code-guesses'
    | 'codes-locked';
  /**
   * The network that alone is shut out (`originOf`), which matters to an owner who signs in from
   * it; null where it is everyone.
   */
  readonly origin?: Uint8Array | null;
};

/**
 * Tells an owner that attempts of others have shut a way to sign in, or are about to (RL-3); each
 * notice once a day at most.
 */
export async function tellShut(ctx: Context, input: Input): Promise<void> {
  const { accountKey, template, origin = null } = input;
  const isTold = origin === null || (await isOwnNetwork(ctx, { owner: input.owner, origin }));
  const owner = isTold ? input.owner : null;
  // Where no one is told, the same statement counts for another notice.
  const kind = owner ? template : `no ${template}`;
  const identifier = `${kind} ${Buffer.from(accountKey).toString('hex')}`;
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

/** Whether the owner has signed in from this network, as long as the sessions' rows are kept. */
async function isOwnNetwork(
  ctx: Context,
  { owner, origin }: { owner: Owner | null; origin: Uint8Array },
): Promise<boolean> {
  const userId = owner?.id ?? ctx.random.id(ctx.clock.now());
  const names = await networksOfUser(ctx.db, { userId, limit: 100 });
  return names.some((name) => originOfNetwork(ctx, name).equals(origin));
}
