import type { Context } from '../../context.ts';
import type { UserRow } from '../../db/tables/users.ts';
import type { Place } from '../../semaphore.ts';
import { tellShut } from '../outbox/tell-shut.ts';
import { callerPlace } from '../passwords/caller-place.ts';
import {
  accountKey,
  type Claim,
  countAccount,
  countUnseen,
  knownDeviceMemory,
  nobody,
  reserveAndTell,
  reserveByAddress,
  reserveUnseen,
  shortMemory,
} from '../rate-limits/reserve.ts';
import { knownSession, presentsSession } from '../sessions/known-session.ts';

/** The budgets that one sign-in with a password is counted against. */
export type LoginBudget = {
  readonly inWindow: Claim;
  /** The last attempt of the window: after it unknown devices have to wait. */
  readonly isLast: boolean;
  /** The session by which the account knows the device; null for an unknown device. */
  readonly knownSessionId: string | null;
  readonly accountKey: Uint8Array;
  /** The caller's place in the queue of hashes. */
  readonly place: Place;
};

/**
 * Reserves one attempt at a password: first from the address, then from the account, or from the
 * device where the account knows it. So guesses from elsewhere cannot lock an owner out of a device
 * that they have used, nor can others at the same address (RL-3). Throws RATE_LIMITED, alike for
 * every address, and OVERLOADED where the password could not be compared.
 */
export function reserveLogin(ctx: Context, canonical: string): Promise<LoginBudget> {
  const place = callerPlace(ctx, { isKnown: presentsSession(ctx) });
  return ctx.hasher.approach(() => takePlaces(ctx, canonical), place);
}

async function takePlaces(ctx: Context, canonical: string): Promise<LoginBudget> {
  const knownSessionId = await knownSession(ctx, canonical);
  const isKnown = knownSessionId !== null;
  await reserveByAddress(ctx, 'login:address', async () => isKnown);
  const place = callerPlace(ctx, { isKnown });
  ctx.hasher.assertRoom(place);
  const key = accountKey(ctx, canonical);
  const inWindow: Claim = isKnown
    ? { budget: 'login:device', identifier: knownSessionId }
    : { budget: 'login:account', identifier: key };
  const { isLast } = await reserveAndTell(ctx, inWindow);
  return { inWindow, isLast: isLast && !isKnown, knownSessionId, accountKey: key, place };
}

/** A password's consecutive failures, with this attempt. */
export type InARow = {
  /**
   * SECURITY: past the last the password proves nothing by itself: the mailbox is asked for beside
   * it (NIST 3.2.2). Shown only to a caller who knows the password (EN-4).
   */
  readonly isLocked: boolean;
  /** What the owner is told once this attempt has failed. */
  readonly notice: 'password-guesses' | 'password-locked' | null;
};

/** Counts one of a password's consecutive failures, before the password is compared. */
export async function countInARow(
  ctx: Context,
  { budget, user }: { budget: LoginBudget; user: UserRow | null },
): Promise<InARow> {
  const reached = await countUnseen(ctx, inARow(ctx, budget, provedId(user)));
  if (!reached) return { isLocked: true, notice: null };
  if (reached.isLast) return { isLocked: false, notice: 'password-locked' };
  return { isLocked: false, notice: reached.isHalf ? 'password-guesses' : null };
}

/**
 * The budgets that a right password restores (RL-4): never what other callers have used up at the
 * address.
 */
export function claimsOfSuccess(
  ctx: Context,
  { budget, userId }: { budget: LoginBudget; userId: string },
): Claim[] {
  return [
    budget.inWindow,
    inARow(ctx, budget, userId),
    { budget: 'login:consecutive', identifier: userId },
  ];
}

type Failure = {
  readonly budget: LoginBudget;
  readonly inARow: InARow;
  readonly user: UserRow | null;
};

/**
 * Counts a wrong password on the whole server, so that the log warns of far too many, and its
 * account among those that the network fails at (RL-2). Tells the owner where it was the last of a
 * budget. The work is the same for an address without an account.
 */
export async function countFailure(
  ctx: Context,
  { budget, inARow: { notice }, user }: Failure,
): Promise<void> {
  await reserveUnseen(ctx, [{ budget: 'login:failures', identifier: 'all' }]);
  // A device that has signed in to the account before is its owner's, who mistypes.
  if (budget.knownSessionId === null)
    await countAccount(ctx, { budget: 'login:accounts', account: budget.accountKey });
  const owner = user?.emailVerifiedAt && user.suspendedAt === null ? user : null;
  const told = { owner, accountKey: budget.accountKey };
  if (budget.isLast) await tellShut(ctx, { ...told, template: 'sign-in-shut' });
  if (notice) await tellShut(ctx, { ...told, template: notice });
}

/** The locks that a new password lifts: pass them to `release` in the transaction that sets one. */
export function passwordLocks(
  ctx: Pick<Context, 'keys'>,
  user: { id: string; emailCanonical: string },
): Claim[] {
  return [
    { budget: 'login:account', identifier: accountKey(ctx, user.emailCanonical) },
    { budget: 'login:consecutive', identifier: user.id },
  ];
}

function inARow(
  ctx: Context,
  { knownSessionId, accountKey: key }: LoginBudget,
  userId: string | null,
): Claim {
  const budget = 'login:consecutive';
  if (knownSessionId !== null)
    return { budget, identifier: knownSessionId, atMost: knownDeviceMemory(ctx) };
  if (userId !== null) return { budget, identifier: userId };
  // Short, since anyone can make up addresses (AV-7).
  return { budget, identifier: nobody(key), atMost: shortMemory };
}

/** An account whose address was never proved has no password to guess. */
function provedId(user: UserRow | null): string | null {
  return user?.emailVerifiedAt ? user.id : null;
}
