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

/** The number of expired windows deleted at a time. */
const purgeBatch = 1024;

/**
 * Identifies an account in every budget, whether or not one exists: an HMAC of the canonical
 * address (RL-10).
 */
export function accountKey(app: Pick<App, 'keys'>, canonicalEmail: string): Buffer {
  return app.keys.mac('identifier', `account\n${canonicalEmail}`).mac;
}

/**
 * Identifies an address without an account in budgets whose windows last for years: all such
 * addresses share a few rows, so that made-up addresses fill no table (AV-7) and cost what an
 * account costs. For budgets that are not disclosed to callers.
 */
export function nobody(key: Uint8Array): string {
  return `nobody ${key[0] ?? 0}`;
}

/** A budget as configured: RATE_LIMITS first, then RATE_LIMIT_MULTIPLIER. */
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
 * Counts this operation against the budgets in order, before any secret is compared. Throws
 * RATE_LIMITED with the seconds to wait at the first that is used up. A refusal consumes nothing
 * further, of that budget or of later ones: name the caller's address first, so that a blocked
 * address cannot spend an account's budget.
 */
export async function reserve(app: Limiter, claims: readonly Claim[]): Promise<void> {
  const wait = await take(app, claims);
  if (wait > 0) throw new AuthError('RATE_LIMITED', { retryAfter: wait });
}

/**
 * The same for budgets that are not disclosed to callers: false where one is used up, and the
 * caller of this function answers as if it were not (RL-9).
 */
export async function reserveUnseen(app: Limiter, claims: readonly Claim[]): Promise<boolean> {
  return (await take(app, claims)) === 0;
}

/**
 * Restores what was counted, after a success; only ever an account's own budgets, never those of an
 * address (RL-4).
 */
export async function release(
  app: Pick<App, 'keys'>,
  { db, claims }: { db: Db; claims: readonly Claim[] },
): Promise<void> {
  await clearWindows(db, { keys: claims.map((claim) => budgetKey(app, claim)) });
}

/**
 * Refunds a success to the budget that it was reserved in; the failures of the window stay counted.
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
 * LG-1: once per window, and only to the log. An attacker who runs into limits must fill neither
 * log nor audit table.
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
 * One reservation in 256 deletes expired windows, so that the table stays proportional to the open
 * windows, whatever traffic fills it (AV-7).
 */
async function clearAway(app: Limiter, now: Date): Promise<void> {
  if (app.random.bytes(1)[0] !== 0) return;
  await deleteEndedWindows(app.db, { now, limit: purgeBatch });
}

/**
 * The key under which a budget is counted: an HMAC, so that the table contains no e-mail or IP
 * address (LG-7).
 */
function budgetKey(app: Pick<App, 'keys'>, { budget, identifier }: Claim): Buffer {
  const text =
    typeof identifier === 'string' ? identifier : Buffer.from(identifier).toString('hex');
  return app.keys.mac('identifier', `${budget}\n${text}`).mac;
}
