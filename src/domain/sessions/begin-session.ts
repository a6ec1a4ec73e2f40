import type { Context } from '../../context.ts';
import type { Transaction } from '../../db/driver/transaction.ts';
import type { IssuedSession } from '../../db/queries/session-with-user.ts';
import { insertSession } from '../../db/queries/sessions.ts';
import { recordLogin } from '../../db/queries/users.ts';
import type { UserRow } from '../../db/tables/users.ts';
import { AuthError } from '../../errors.ts';
import { recordAudit } from '../audit/record.ts';
import { amrOf, type KeyKind, type ProvedMethod } from '../factors/rules.ts';
import { describeDevice } from '../origins/describe-device.ts';
import { shortenAddress } from '../origins/shorten-address.ts';
import { endSession } from './end-sessions.ts';
import { makeRoom } from './make-room.ts';
import { noticeDevice } from './notice-device.ts';
import { firstRefreshToken, type RefreshToken } from './refresh-token.ts';
import { lifetimeFrom } from './rules.ts';

export type BegunSession = IssuedSession & { readonly refreshToken: RefreshToken };

type Input = {
  /** The transaction in which the user proved who they are. */
  readonly db: Transaction;
  /** As the transaction has locked it. */
  readonly user: UserRow;
  readonly proved: readonly ProvedMethod[];
  /** The session that a step-up replaces; null for a sign-in. */
  readonly previousSessionId: string | null;
  /** Of the passkey that was used, where one was. */
  readonly key?: KeyKind | undefined;
  /** The provider that vouched, where one did. */
  readonly identityProvider?: string | null;
};

/**
 * A new session under a new id; that of a step-up ends the previous one in the same transaction
 * (SE-9). Only admit calls it, after checking that every required factor was proved. Throws
 * UNAUTHENTICATED where the previous session has already ended. Beyond `sessionLimit` the least
 * recently used session ends.
 */
export async function beginSession(
  ctx: Context,
  { db, user, proved, previousSessionId, key, identityProvider = null }: Input,
): Promise<BegunSession> {
  const now = ctx.clock.now();
  // Before recordLogin, since the very first sign-in triggers no notice.
  if (previousSessionId === null) await noticeDevice(ctx, { db, user });
  if (previousSessionId === null && !(await recordLogin(db, { id: user.id, now })))
    throw new AuthError('INVALID_CREDENTIALS', { detail: 'The account may not sign in any more.' });
  const signedIn = previousSessionId === null ? { ...user, lastLoginAt: now } : user;
  if (previousSessionId !== null) {
    const reason = 'stepped_up';
    const ended = await endSession(ctx, {
      db,
      userId: user.id,
      sessionId: previousSessionId,
      reason,
    });
    if (!ended) throw new AuthError('UNAUTHENTICATED', { reason: 'SESSION_REVOKED' });
  }
  const id = ctx.random.id(now);
  const refreshToken = firstRefreshToken(ctx, id);
  const methods = amrOf(proved, key);
  const session = {
    id,
    userId: user.id,
    refreshHash: refreshToken.hash,
    createdAt: now,
    lastUsedAt: now,
    authenticatedAt: now,
    ...lifetimeFrom(now, ctx.config),
    methods,
    provedMethods: [...proved],
    identityProvider,
    network: shortenAddress(ctx.request.ipAddress),
    device: describeDevice(ctx.request.userAgent),
  };
  await insertSession(db, session);
  await recordAudit(ctx, {
    db,
    type: previousSessionId === null ? 'session.opened' : 'session.stepped_up',
    outcome: 'SUCCESS',
    subjectId: user.id,
    sessionId: id,
    detail: { methods: methods.join(' '), proved: proved.join(' ') },
  });
  // After recordLogin, which locks the user's row: of two concurrent sign-ins the second sees the
  // session of the first.
  await makeRoom(ctx, { db, session, user: signedIn });
  return { session, user: signedIn, refreshToken };
}
