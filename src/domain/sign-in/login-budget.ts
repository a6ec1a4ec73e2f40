import type { Context } from '../../context.ts';
import { findSessionById } from '../../db/queries/sessions.ts';
import { AuthError } from '../../errors.ts';
import { actsAsUser } from '../caller/rules.ts';
import { accountKey, type Claim, nobody, reserve, reserveUnseen } from '../rate-limits/reserve.ts';
import { readRefreshToken } from '../sessions/refresh-token.ts';

/** The budgets that one sign-in with a password is counted against. */
export type LoginBudget = {
  readonly inWindow: Claim;
  /** The session by which the account knows the device; null for an unknown device. */
  readonly knownSessionId: string | null;
  readonly accountKey: Uint8Array;
};

/**
 * Reserves one attempt at a password: first from the address, then from the account, or from the
 * device where the account knows it. So guesses from elsewhere cannot lock an owner out of a device
 * that they have used (RL-3). Throws RATE_LIMITED, alike for every address, and OVERLOADED where
 * the password could not be compared.
 */
export function reserveLogin(ctx: Context, canonical: string): Promise<LoginBudget> {
  return ctx.hasher.approach(() => takePlaces(ctx, canonical));
}

async function takePlaces(ctx: Context, canonical: string): Promise<LoginBudget> {
  await reserve(ctx, [{ budget: 'login:address', identifier: ctx.request.addressBucket }]);
  const key = accountKey(ctx, canonical);
  const knownSessionId = await knownSession(ctx, canonical);
  const inWindow: Claim =
    knownSessionId === null
      ? { budget: 'login:account', identifier: key }
      : { budget: 'login:device', identifier: knownSessionId };
  await reserve(ctx, [inWindow]);
  return { inWindow, knownSessionId, accountKey: key };
}

/**
 * Reserves one of a password's consecutive failures; false past the last, a hard lock until the
 * password is reset. Not disclosed to callers: the answer is that of a wrong password, so that it
 * does not reveal whether there is an account (EN-4).
 */
export async function reserveInARow(
  ctx: Context,
  { budget, userId }: { budget: LoginBudget; userId: string | null },
): Promise<boolean> {
  return reserveUnseen(ctx, [inARow(budget, userId)]);
}

/**
 * The budgets that a right password restores (RL-4): never what other callers have used up at the
 * address.
 */
export function claimsOfSuccess({
  budget,
  userId,
}: {
  budget: LoginBudget;
  userId: string;
}): Claim[] {
  return [
    budget.inWindow,
    inARow(budget, userId),
    { budget: 'login:consecutive', identifier: userId },
  ];
}

/** Counts a wrong password on the whole server; the log warns of far too many (RL-2). */
export async function countFailure(ctx: Context): Promise<void> {
  await reserveUnseen(ctx, [{ budget: 'login:failures', identifier: 'all' }]);
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

function inARow({ knownSessionId, accountKey: key }: LoginBudget, userId: string | null): Claim {
  return { budget: 'login:consecutive', identifier: knownSessionId ?? userId ?? nobody(key) };
}

/**
 * The session that the caller proves to have had in this account: by a bearer token of ours,
 * expired or not, or by the cookie, spent or not. Null where there is none, or where it was ended:
 * after signing out or being signed out, the device is unknown again.
 */
async function knownSession(ctx: Context, canonical: string): Promise<string | null> {
  const { viewer } = ctx;
  if (actsAsUser(viewer) && viewer.session.user.emailCanonical === canonical)
    return viewer.sessionId;
  for (const sessionId of [ctx.staleBearer?.sessionId, sessionOfCookie(ctx)]) {
    if (sessionId === undefined) continue;
    const found = await findSessionById(ctx.db, { sessionId });
    if (found && found.session.revokedAt === null && found.user.emailCanonical === canonical)
      return sessionId;
  }
  return null;
}

function sessionOfCookie(ctx: Context): string | undefined {
  try {
    const value = ctx.cookie.read();
    return value === null ? undefined : readRefreshToken(ctx.keys, value)?.sessionId;
  } catch (error) {
    // A cross-site request: its cookie proves nothing here, and the sign-in itself decides what to
    // do about it.
    if (error instanceof AuthError) return undefined;
    throw error;
  }
}
