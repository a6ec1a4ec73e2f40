import type { Context } from '../../context.ts';
import type { UserRow } from '../../db/tables/users.ts';
import { tellShut } from '../outbox/tell-shut.ts';
import { accountKey, originOf, reserveAndTell } from '../rate-limits/reserve.ts';

type Reserved = {
  /** The session by which the account knows the device that asks; null where it does not. */
  readonly knownSessionId: string | null;
  /** What the owner is told once the code is on its way; for no owner, the same work. */
  readonly tell: (user: UserRow | null) => Promise<void>;
};

/**
 * Reserves a code that anyone may have mailed to an address. A known device has a budget of its
 * own, and no other network the account's whole one (RL-3). Throws RATE_LIMITED.
 */
export async function reserveLoginCode(
  ctx: Context,
  { canonical, knownSessionId }: { canonical: string; knownSessionId: string | null },
): Promise<Reserved> {
  const key = accountKey(ctx, canonical);
  const isKnown = knownSessionId !== null;
  const { isLast, isLastHere } = await reserveAndTell(
    ctx,
    isKnown
      ? { budget: 'login-code:device', identifier: knownSessionId }
      : { budget: 'login-code:account', identifier: key, origin: originOf(ctx) },
  );
  const tell = async (user: UserRow | null): Promise<void> => {
    if (isKnown || !(isLast || isLastHere)) return;
    const owner = user?.emailVerifiedAt && user.suspendedAt === null ? user : null;
    const origin = isLast ? null : originOf(ctx);
    await tellShut(ctx, { owner, accountKey: key, template: 'sign-in-shut', origin });
  };
  return { knownSessionId, tell };
}
