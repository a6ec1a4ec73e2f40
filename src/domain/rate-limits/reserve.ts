import type { App } from '../../app.ts';
import { secondsAfter } from '../../clock.ts';
import type { Config } from '../../config/read-config.ts';
import type { Context } from '../../context.ts';
import type { Db } from '../../db/driver/client.ts';
import {
  clearOwnWindows,
  clearWindows,
  deleteEndedWindows,
  findWindow,
  reserveInWindow,
  reserveInWindows,
  takeOffWindows,
  type WindowState,
} from '../../db/queries/rate-limits.ts';
import { AuthError } from '../../errors.ts';
import {
  type AddressBudgetName,
  type Budget,
  type BudgetName,
  budgets,
  originTimes,
} from './budgets.ts';

export type Claim = {
  readonly budget: BudgetName;
  readonly identifier: string | Uint8Array;
  /**
   * The network that asks (`originOf`): it gets the budget, and all networks together a multiple of
   * it, so that none can use it up for the others (RL-3). Only for an account's key.
   */
  readonly origin?: Uint8Array | null;
  /** Shortens the window, in seconds. */
  readonly atMost?: number | undefined;
};

type WithBudgets = { readonly config: Pick<Config, 'rateLimits' | 'rateLimitMultiplier'> };
export type Limiter = WithBudgets &
  Pick<App, 'keys' | 'db' | 'clock' | 'log' | 'random' | 'metrics'> &
  Partial<Pick<Context, 'request' | 'operation'>>;

/** The number of expired windows deleted at a time. */
const purgeBatch = 1024;
/** The largest number that PostgreSQL counts to. */
const unlimited = 2 ** 31 - 1;

/**
 * Identifies an account in every budget, whether or not one exists: an HMAC of the canonical
 * address (RL-10).
 */
export function accountKey(app: Pick<App, 'keys'>, canonicalEmail: string): Buffer {
  return app.keys.mac('identifier', `account\n${canonicalEmail}`).mac;
}

/** Identifies the widest network of a caller, without its address (LG-7). */
export function originOf(ctx: Pick<Context, 'keys' | 'request'>): Buffer {
  return originOfNetwork(ctx, ctx.request.networks.at(-1)?.name ?? '');
}

/** The same of a network that is named, as the row of a session does. */
export function originOfNetwork({ keys }: Pick<App, 'keys'>, name: string): Buffer {
  return keys.mac('identifier', `origin\n${name}`).mac;
}

/**
 * Identifies an address without an account in budgets whose windows last for years: all such
 * addresses share a few rows, so that made-up addresses fill no table (AV-7) and cost what an
 * account costs. For budgets that are not disclosed to callers.
 */
export function nobody(key: Uint8Array): string {
  return `nobody ${key[0] ?? 0}`;
}

/** Seconds for which tries at an account that was never proved are remembered (AV-7). */
export const shortMemory = 24 * 3600;

/** Seconds after which a session's row is purged, and its device is unknown. */
export function knownDeviceMemory({ config }: Pick<App, 'config'>): number {
  return config.sessionAbsoluteTtl + config.retention.sessions;
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
  throwWait(await take(app, claims));
}

/**
 * Counts this operation against the caller's networks, of every size at once and in one statement
 * (RL-2). Throws RATE_LIMITED where one of them has used up its own, unless the caller shows to
 * `isKnown`, which is asked only then, what no stranger of the same network can.
 */
export async function reserveByAddress(
  ctx: Limiter & Pick<Context, 'request'>,
  budget: AddressBudgetName,
  isKnown?: () => Promise<boolean>,
): Promise<void> {
  const { limit, window } = budgetOf(ctx, budget);
  const { seconds } = await takeTogether(ctx, {
    budget,
    window,
    ownerKey: null,
    places: ctx.request.networks.map(({ name, times }) => ({
      key: budgetKey(ctx, budget, name),
      limit: limit * times,
    })),
  });
  if (seconds > 0 && (await isKnown?.()) !== true) throwWait(seconds);
}

/**
 * Counts an account at which an attempt from the caller's networks has failed, once a window and
 * network however often it fails there, so that the log warns of a network that fails at many
 * (RL-2). Refuses nothing.
 */
export async function countAccount(
  ctx: Limiter & Pick<Context, 'request'>,
  { budget, account }: { budget: BudgetName; account: Uint8Array },
): Promise<void> {
  const { limit, window } = budgetOf(ctx, budget);
  const { networks } = ctx.request;
  const now = ctx.clock.now();
  const windows = await reserveInWindows(ctx.db, {
    places: networks.map(({ name }) => ({
      key: budgetKey(ctx, budget, `${name}\n${textOf(account)}`),
      limit: unlimited,
    })),
    windowEndsAt: secondsAfter(now, window),
    ownerKey: null,
    now,
  });
  const begun = new Set(windows.filter(({ count }) => count === 1).map(({ place }) => place));
  if (begun.size === 0) return;
  const places = networks
    .filter((_, place) => begun.has(place))
    .map(({ name, times }) => ({ key: budgetKey(ctx, budget, name), limit: limit * times }));
  await takeTogether(ctx, { budget, window, ownerKey: null, places });
}

/** How far an attempt has gone into its budget. */
export type Reached = {
  /** It took the middle place of the whole budget. */
  readonly isHalf: boolean;
  /** It took the last place of the whole budget. */
  readonly isLast: boolean;
  /** It took the last place that the network that asks has in it. */
  readonly isLastHere: boolean;
};

/** As `reserve`, and says how far the attempt has gone. */
export async function reserveAndTell(app: Limiter, claim: Claim): Promise<Reached> {
  const taken = await takeOne(app, claim);
  throwWait(taken.seconds);
  return reachedBy(app, claim, taken);
}

/** As `reserveUnseen`, and says how far the attempt has gone; null where the budget is used up. */
export async function countUnseen(app: Limiter, claim: Claim): Promise<Reached | null> {
  const taken = await takeOne(app, claim);
  return taken.seconds > 0 ? null : reachedBy(app, claim, taken);
}

function reachedBy(app: WithBudgets, claim: Claim, { count, countHere }: Taken): Reached {
  const { limit } = budgetOf(app, claim.budget);
  const whole = limit * (claim.origin ? originTimes : 1);
  return {
    isHalf: count === Math.ceil(whole / 2),
    isLast: count === whole,
    isLastHere: countHere === limit,
  };
}

function throwWait(seconds: number): void {
  if (seconds > 0) throw new AuthError('RATE_LIMITED', { retryAfter: seconds });
}

/**
 * The same for budgets that are not disclosed to callers: false where one is used up, and the
 * caller of this function answers as if it were not (RL-9).
 */
export async function reserveUnseen(app: Limiter, claims: readonly Claim[]): Promise<boolean> {
  return (await take(app, claims)) === 0;
}

/** Seconds until an unseen budget has room again; 0 where it has. Counts nothing. */
export async function secondsUntilRoom(
  app: WithBudgets & Pick<App, 'keys' | 'clock'>,
  { db, claim }: { db: Db; claim: Claim },
): Promise<number> {
  const { limit } = budgetOf(app, claim.budget);
  if (!Number.isFinite(limit)) return 0;
  const now = app.clock.now();
  const key = budgetKey(app, claim.budget, claim.identifier);
  const found = await findWindow(db, { key, now });
  if (!found || found.count < limit) return 0;
  return Math.max(1, Math.ceil((found.windowEndsAt.getTime() - now.getTime()) / 1000));
}

/**
 * Restores what was counted, after a success; only ever an account's own budgets, never those of an
 * address (RL-4).
 */
export async function release(
  app: Pick<App, 'keys'>,
  { db, claims }: { db: Db; claims: readonly Claim[] },
): Promise<void> {
  await clearWindows(db, { keys: claims.flatMap((claim) => keysOf(app, claim)) });
}

/** Restores the budgets that an account's key and a network share, whichever network it was. */
export async function releaseOrigins(
  db: Db,
  { accountKey: ownerKey }: { accountKey: Uint8Array },
): Promise<void> {
  await clearOwnWindows(db, { ownerKey });
}

/**
 * Refunds a success to the budget that it was reserved in; the failures of the window stay counted.
 */
export async function refund(
  app: Pick<App, 'keys' | 'clock'>,
  { db, claim }: { db: Db; claim: Claim },
): Promise<void> {
  await takeOffWindows(db, { keys: keysOf(app, claim), now: app.clock.now() });
}

/** Seconds to wait; 0 where every budget had room. */
async function take(app: Limiter, claims: readonly Claim[]): Promise<number> {
  for (const claim of claims) {
    const { seconds } = await takeOne(app, claim);
    if (seconds > 0) return seconds;
  }
  return 0;
}

/**
 * `seconds` to wait, 0 where there was room; `count` of the widest window, `countHere` of the
 * network's own, null where there is none.
 */
type Taken = {
  readonly seconds: number;
  readonly count: number;
  readonly countHere: number | null;
};

async function takeOne(app: Limiter, claim: Claim): Promise<Taken> {
  const now = app.clock.now();
  const { limit, window, delay } = budgetOf(app, claim.budget);
  if (!Number.isFinite(limit)) return { seconds: 0, count: 0, countHere: null };
  const seconds = Math.min(window, claim.atMost ?? window);
  const { budget, identifier, origin } = claim;
  const key = budgetKey(app, budget, identifier);
  if (origin) {
    return takeTogether(app, {
      budget,
      window: seconds,
      ownerKey: typeof identifier === 'string' ? null : identifier,
      places: [
        { key: originKey(app, claim), limit },
        { key, limit: limit * originTimes },
      ],
    });
  }
  const state = await reserveInWindow(app.db, {
    key,
    limit,
    windowEndsAt: secondsAfter(now, seconds),
    delay: delay ?? null,
    now,
  });
  return { ...(await settle(app, { budget, limit, state })), countHere: null };
}

type Together = {
  readonly budget: BudgetName;
  /** In seconds. */
  readonly window: number;
  readonly ownerKey: Uint8Array | null;
  /** The narrowest first. */
  readonly places: readonly { readonly key: Uint8Array; readonly limit: number }[];
};

async function takeTogether(app: Limiter, together: Together): Promise<Taken> {
  const { budget, window, ownerKey, places } = together;
  const now = app.clock.now();
  const windowEndsAt = secondsAfter(now, window);
  const states = await reserveInWindows(app.db, { places, windowEndsAt, ownerKey, now });
  const refused = states.find((state) => !state.admitted);
  const state = refused ?? states.find(({ place }) => place === places.length - 1);
  // None of the widest where another request filled a narrower window at the same moment.
  if (!state) return { seconds: 1, count: 0, countHere: null };
  const settled = await settle(app, { budget, limit: places[state.place]?.limit ?? 0, state });
  return { ...settled, countHere: states.find(({ place }) => place === 0)?.count ?? null };
}

type Outcome = {
  readonly budget: BudgetName;
  readonly limit: number;
  readonly state: WindowState;
};

async function settle(
  app: Limiter,
  { budget, limit, state }: Outcome,
): Promise<Omit<Taken, 'countHere'>> {
  const now = app.clock.now();
  if (state.admitted) {
    await clearAway(app, now);
    return { seconds: 0, count: state.count };
  }
  app.metrics.limited(budget);
  if (state.refused === 1) logReached(app, budget);
  const opens = state.count < limit && state.blockedUntil ? state.blockedUntil : state.windowEndsAt;
  const until = Math.min(opens.getTime(), state.windowEndsAt.getTime());
  return {
    seconds: Math.max(1, Math.ceil((until - now.getTime()) / 1000)),
    count: state.count,
  };
}

/**
 * LG-1: once per window, and only to the log. An attacker who runs into limits must fill neither
 * log nor audit table.
 */
function logReached(app: Limiter, budget: BudgetName): void {
  const { request } = app;
  app.log.warn(
    {
      event: 'limit.reached',
      budget,
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
function budgetKey(
  app: Pick<App, 'keys'>,
  budget: BudgetName,
  identifier: string | Uint8Array,
): Buffer {
  return app.keys.mac('identifier', `${budget}\n${textOf(identifier)}`).mac;
}

function originKey(app: Pick<App, 'keys'>, { budget, identifier, origin }: Claim): Buffer {
  return budgetKey(app, budget, `${textOf(identifier)}\n${textOf(origin ?? '')}`);
}

function keysOf(app: Pick<App, 'keys'>, claim: Claim): Buffer[] {
  const key = budgetKey(app, claim.budget, claim.identifier);
  return claim.origin ? [originKey(app, claim), key] : [key];
}

function textOf(identifier: string | Uint8Array): string {
  return typeof identifier === 'string' ? identifier : Buffer.from(identifier).toString('hex');
}
