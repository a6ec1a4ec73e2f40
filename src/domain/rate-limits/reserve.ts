import type { App } from '../../app.ts';
import { secondsAfter } from '../../clock.ts';
import type { Context } from '../../context.ts';
import type { Db } from '../../db/client.ts';
import { clearWindows, reserveInWindows, takeOffWindow } from '../../db/queries/rate-limits.ts';
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

type Limiter = Pick<App, 'keys' | 'db' | 'clock' | 'config' | 'log'> & Partial<Pick<Context, 'request' | 'operation'>>;

/**
 * Counts this operation against every budget named, before anything secret is looked at. Throws RATE_LIMITED with the
 * seconds to wait where one is used up; the count goes on all the same.
 */
export async function reserve(app: Limiter, claims: readonly Claim[]): Promise<void> {
  const wait = await count(app, claims);
  if (wait > 0) throw new AuthError('RATE_LIMITED', { retryAfter: Math.max(1, wait) });
}

/** The same for budgets that nobody may see the end of: false where one is used up, and the caller acts as if it were not (RL-9). */
export async function reserveUnseen(app: Limiter, claims: readonly Claim[]): Promise<boolean> {
  return (await count(app, claims)) === 0;
}

/** Seconds to wait; 0 where every budget has room. */
async function count(app: Limiter, claims: readonly Claim[]): Promise<number> {
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
    if (!row || row.count <= limitOf(app, claim.budget)) continue;
    wait = Math.max(wait, Math.ceil((row.windowEndsAt.getTime() - now.getTime()) / 1000));
    // LG-1. To the log and not to the audit table: whoever runs into limits must not fill it.
    app.log.warn(
      {
        event: 'limit.reached',
        budget: claim.budget,
        count: row.count,
        requestId: app.request?.id ?? null,
        operation: app.operation ?? null,
        ipAddress: app.request?.ipAddress ?? null,
        userAgent: app.request?.userAgent ?? null,
      },
      'A limit was reached.',
    );
  }
  return wait;
}

/** Operations that a budget allows in its window, by this configuration. */
export function limitOf(app: Pick<App, 'config'>, budget: BudgetName): number {
  return Math.max(1, Math.floor(budgets[budget].limit * app.config.rateLimitMultiplier));
}

/** Gives back what was counted, after a success; only ever an account's own budgets, never those of an address (RL-4). */
export async function release(
  app: Pick<App, 'keys'>,
  { db, claims }: { db: Db; claims: readonly Claim[] },
): Promise<void> {
  await clearWindows(db, { keys: claims.map((claim) => budgetKey(app, claim)) });
}

/** Takes a success off the count that it was reserved in; the failures of the window stay counted. */
export async function refund(app: Pick<App, 'keys' | 'clock'>, { db, claim }: { db: Db; claim: Claim }): Promise<void> {
  await takeOffWindow(db, { key: budgetKey(app, claim), now: app.clock.now() });
}
