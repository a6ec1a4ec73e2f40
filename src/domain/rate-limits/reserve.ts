import type { App } from '../../app.ts';
import { secondsAfter } from '../../clock.ts';
import type { Db } from '../../db/client.ts';
import { clearWindows, reserveInWindows } from '../../db/queries/rate-limits.ts';
import { AuthError } from '../../errors.ts';
import { type BudgetName, budgets } from './budgets.ts';

export type Claim = { readonly budget: BudgetName; readonly identifier: string | Uint8Array };

/** Stands for an account in every budget, whether or not one exists: an HMAC of the canonical address (RL-10). */
export function accountKey(app: Pick<App, 'keys'>, canonicalEmail: string): Buffer {
  return app.keys.mac('identifier', `account\n${canonicalEmail}`).mac;
}

/** The key under which a budget is counted: an HMAC, so that the table holds no address of a person or machine (LG-7). */
function budgetKey(app: Pick<App, 'keys'>, claim: Claim): Buffer {
  return app.keys.mac(
    'identifier',
    `${claim.budget}\n${typeof claim.identifier === 'string' ? claim.identifier : Buffer.from(claim.identifier).toString('hex')}`,
  ).mac;
}

/**
 * Counts this operation against every budget named, before anything secret is looked at. Throws RATE_LIMITED with the
 * seconds to wait where one is used up; the count goes on all the same.
 */
export async function reserve(
  app: Pick<App, 'keys' | 'db' | 'clock' | 'config'>,
  claims: readonly Claim[],
): Promise<void> {
  const now = app.clock.now();
  const wanted = claims.map((claim) => ({ claim, key: budgetKey(app, claim) }));
  const counted = await reserveInWindows(app.db, {
    now,
    reservations: wanted.map(({ claim, key }) => ({
      key,
      windowEndsAt: secondsAfter(now, budgets[claim.budget].window),
    })),
  });
  let wait = 0;
  for (const { claim, key } of wanted) {
    const row = counted.find((entry) => Buffer.compare(entry.key, key) === 0);
    const limit = Math.max(1, Math.floor(budgets[claim.budget].limit * app.config.rateLimitMultiplier));
    if (row && row.count > limit) wait = Math.max(wait, Math.ceil((row.windowEndsAt.getTime() - now.getTime()) / 1000));
  }
  if (wait > 0) throw new AuthError('RATE_LIMITED', { retryAfter: Math.max(1, wait) });
}

/** Gives back what was counted, after a success; only ever an account's own budgets, never those of an address (RL-4). */
export async function release(
  app: Pick<App, 'keys'>,
  { db, claims }: { db: Db; claims: readonly Claim[] },
): Promise<void> {
  await clearWindows(db, { keys: claims.map((claim) => budgetKey(app, claim)) });
}
