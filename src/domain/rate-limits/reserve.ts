import type { App } from '../../app.ts';
import { secondsAfter } from '../../clock.ts';
import type { Config } from '../../config/read-config.ts';
import type { Context } from '../../context.ts';
import type { Db } from '../../db/driver/client.ts';
import {
  clearWindows,
  deleteEndedWindows,
  reserveInWindow,
  takeOffWindow,
} from '../../db/queries/rate-limits.ts';
import { AuthError } from '../../errors.ts';
import { type Budget, type BudgetName, budgets } from './budgets.ts';

export type Claim = { readonly budget: BudgetName; readonly identifier: string | Uint8Array };

type WithBudgets = { readonly config: Pick<Config, 'rateLimits' | 'rateLimitMultiplier'> };
type Limiter = WithBudgets &
  Pick<App, 'keys' | 'db' | 'clock' | 'log' | 'random' | 'metrics'> &
  Partial<Pick<Context, 'request' | 'operation'>>;

/** Windows that are over and go at a time. */
const purgeBatch = 1024;

/**
 * Stands for an account in every budget, whether or not one exists: an HMAC of the canonical
 * address (RL-10).
 */
export function accountKey(app: Pick<App, 'keys'>, canonicalEmail: string): Buffer {
  return app.keys.mac('identifier', `account\n${canonicalEmail}`).mac;
}

/**
 * Stands for an address without an account in budgets whose windows last for years: a few rows for
 * all such addresses together, so that making them up fills no table (AV-7), and costs what an
 * account costs. For budgets that nobody sees the end of.
 */
export function nobody(key: Uint8Array): string {
  return `nobody ${key[0] ?? 0}`;
}

/** A budget as this configuration has it: RATE_LIMITS first, then RATE_LIMIT_MULTIPLIER. */
export function budgetOf(app: WithBudgets, name: BudgetName): Budget {
  const { rateLimits, rateLimitMultiplier } = app.config;
  const base: Budget = rateLimits[name] ?? budgets[name];
  const scaled = (count: number) => Math.max(1, Math.floor(count * rateLimitMultiplier));
  const { delay } = base;
  return {
    ...base,
    limit: scaled(base.limit),
    ...(delay ? { delay: { ...delay, after: scaled(delay.after) } } : {}),
  };
}

/**
 * Counts this operation against the budgets, one after the other, before anything secret is looked
 * at. Throws RATE_LIMITED with the seconds to wait at the first that is used up. What is refused
 * uses up nothing more of that one or of those after it: so name the caller's address first, and
 * nobody spends an account's budget from an address that is blocked.
 */
export async function reserve(app: Limiter, claims: readonly Claim[]): Promise<void> {
  const wait = await take(app, claims);
  if (wait > 0) throw new AuthError('RATE_LIMITED', { retryAfter: wait });
}

/**
 * The same for budgets that nobody may see the end of: false where one is used up, and the caller
 * acts as if it were not (RL-9).
 */
export async function reserveUnseen(app: Limiter, claims: readonly Claim[]): Promise<boolean> {
  return (await take(app, claims)) === 0;
}

/**
 * Gives back what was counted, after a success; only ever an account's own budgets, never those of
 * an address (RL-4).
 */
export async function release(
  app: Pick<App, 'keys'>,
  { db, claims }: { db: Db; claims: readonly Claim[] },
): Promise<void> {
  await clearWindows(db, { keys: claims.map((claim) => budgetKey(app, claim)) });
}

/**
 * Takes a success off the count that it was reserved in; the failures of the window stay counted.
 */
export async function refund(
  app: Pick<App, 'keys' | 'clock'>,
  { db, claim }: { db: Db; claim: Claim },
): Promise<void> {
  await takeOffWindow(db, { key: budgetKey(app, claim), now: app.clock.now() });
}

/** Seconds to wait; 0 where every budget had room. */
async function take(app: Limiter, claims: readonly Claim[]): Promise<number> {
  const now = app.clock.now();
  for (const claim of claims) {
    const { limit, window, delay } = budgetOf(app, claim.budget);
    const state = await reserveInWindow(app.db, {
      key: budgetKey(app, claim),
      limit,
      windowEndsAt: secondsAfter(now, window),
      delay: delay ?? null,
      now,
    });
    if (state.admitted) continue;
    app.metrics.limited(claim.budget);
    if (state.refused === 1) logReached(app, claim);
    const opens =
      state.count < limit && state.blockedUntil ? state.blockedUntil : state.windowEndsAt;
    return Math.max(
      1,
      Math.ceil((Math.min(opens.getTime(), state.windowEndsAt.getTime()) - now.getTime()) / 1000),
    );
  }
  await clearAway(app, now);
  return 0;
}

/**
 * LG-1: once a window, and to the log alone. Whoever runs into limits must fill neither log nor
 * audit table.
 */
function logReached(app: Limiter, claim: Claim): void {
  const { request } = app;
  app.log.warn(
    {
      event: 'limit.reached',
      budget: claim.budget,
      requestId: request?.id ?? null,
      operation: app.operation ?? null,
      ipAddress: request?.ipAddress ?? null,
      userAgent: request?.userAgent ?? null,
    },
    'A limit was reached.',
  );
}

/**
 * One reservation in 256 clears away what is over: the table stays as large as its windows, whoever
 * fills it (AV-7).
 */
async function clearAway(app: Limiter, now: Date): Promise<void> {
  if (app.random.bytes(1)[0] !== 0) return;
  await deleteEndedWindows(app.db, { now, limit: purgeBatch });
}

/**
 * The key under which a budget is counted: an HMAC, so that the table holds no address of a person
 * or machine (LG-7).
 */
function budgetKey(app: Pick<App, 'keys'>, { budget, identifier }: Claim): Buffer {
  const text =
    typeof identifier === 'string' ? identifier : Buffer.from(identifier).toString('hex');
  return app.keys.mac('identifier', `${budget}\n${text}`).mac;
}
