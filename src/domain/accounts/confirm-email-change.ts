import { z } from 'zod';
import type { Context, SessionViewer } from '../../context.ts';
import { databaseFailure } from '../../db/driver/failures.ts';
import type { Transaction } from '../../db/driver/transaction.ts';
import { endAccountTokens } from '../../db/queries/account-tokens.ts';
import {
  consumeChallenge,
  endChallenges,
  reserveAttempt,
} from '../../db/queries/otp-challenges.ts';
import { changeEmail } from '../../db/queries/users.ts';
import type { OtpChallengeRow } from '../../db/tables/otp-challenges.ts';
import type { UserRow } from '../../db/tables/users.ts';
import { AuthError } from '../../errors.ts';
import { sha256 } from '../../secret-keys.ts';
import { canonicalOf } from '../addresses/email-address.ts';
import { recordAudit } from '../audit/record.ts';
import { holdCaller } from '../caller/hold-caller.ts';
import { requireViewer } from '../caller/require-step-up.ts';
import { command } from '../command.ts';
import { undoEmailChangeLink } from '../emails/links.ts';
import {
  budgetOf,
  countSuccess,
  type FailureBudget,
  reserveTry,
} from '../factors/failure-budget.ts';
import { momentOfChange } from '../factors/moment-of-change.ts';
import { recordWrongCode } from '../factors/record-wrong-code.ts';
import { tellOfCodes } from '../factors/tell-of-codes.ts';
import { opaqueToken } from '../input.ts';
import { requestOrigin } from '../origins/request-origin.ts';
import { findCodeHash, readCode } from '../otp/code.ts';
import { maxAttempts } from '../otp/rules.ts';
import { enqueueEmail } from '../outbox/enqueue-email.ts';
import { reserveByAddress } from '../rate-limits/reserve.ts';
import { endAllSessions } from '../sessions/end-sessions.ts';
import { type UserView, viewUser } from '../users/user-view.ts';
import { issueAccountToken, passwordPurposes, undoLifetime } from './account-token.ts';
import { displaceUnverified } from './displace-unverified.ts';

const typedCode = z.string({ error: 'A code is required.' }).transform((value, ctx) => {
  const code = readCode(value);
  if (code !== null) return code;
  ctx.addIssue({ code: 'custom', params: { code: 'INVALID' }, message: 'A code has six digits.' });
  return z.NEVER;
});
const schema = z.object({ challengeId: opaqueToken, code: typedCode });

/**
 * Replaces the old address with the new one, for the session that asked. Every other session ends;
 * the old address receives a link that undoes the change. Throws INVALID_OR_EXPIRED_CODE for
 * anything but the right code of this session's challenge, and where another account has taken the
 * address meanwhile.
 */
export const confirmEmailChange = command(schema, async (ctx, input): Promise<UserView> => {
  const viewer = requireViewer(ctx);
  // The caller's own session is known: others at its address cannot shut this (RL-3).
  await reserveByAddress(ctx, 'otp:address', async () => true);
  const now = ctx.clock.now();
  const challenge = await reserveAttempt(ctx.db, {
    handleHash: sha256(input.challengeId),
    purposes: ['CHANGE_EMAIL'],
    sessionId: viewer.sessionId,
    maxAttempts,
    now,
  });
  if (!challenge) throw new AuthError('INVALID_OR_EXPIRED_CODE');
  const budget = budgetOf(ctx, { challenge, method: 'EMAIL' });
  const { isLocked, notices } = await reserveTry(ctx, budget);
  const isOurs = challenge.userId === viewer.userId && challenge.sessionId === viewer.sessionId;
  const codeHash = findCodeHash(ctx.keys, challenge, { code: input.code, now });
  if (isLocked || !isOurs || codeHash === null) {
    const detail = { purpose: challenge.purpose };
    await recordWrongCode(ctx, { subjectId: viewer.userId, detail });
    await tellOfCodes(ctx, { notices, challenge });
    throw new AuthError('INVALID_OR_EXPIRED_CODE');
  }
  const user = await applyChange(ctx, { viewer, challenge, codeHash, budget });
  return viewUser(user, 'self');
});

type Met = {
  readonly viewer: SessionViewer;
  readonly challenge: OtpChallengeRow;
  readonly codeHash: Uint8Array;
  readonly budget: FailureBudget;
};

async function applyChange(ctx: Context, met: Met): Promise<UserRow> {
  try {
    return await ctx.transaction((tx) => change(ctx, tx, met));
  } catch (error) {
    // Two users confirm the same address: the unique index lets only one of them have it (RC-9).
    if (databaseFailure(error) === 'unique-violation')
      throw new AuthError('INVALID_OR_EXPIRED_CODE', { cause: error });
    throw error;
  }
}

async function change(
  ctx: Context,
  db: Transaction,
  { viewer, challenge, codeHash, budget }: Met,
): Promise<UserRow> {
  const { userId, sessionId } = viewer;
  const now = ctx.clock.now();
  const emailCanonical = canonicalOf(challenge.email);
  // Locks the user's row before all others (decision 014).
  const before = await holdCaller(ctx, { db });
  const email = challenge.email ?? '';
  await displaceUnverified(ctx, { db, emailCanonical, exceptId: userId });
  // Locks the user's row before the rows that depend on it, as everywhere.
  const user = await changeEmail(db, {
    id: userId,
    email,
    emailCanonical,
    seenCanonical: before.emailCanonical,
    now,
  });
  const consumed = await consumeChallenge(db, { id: challenge.id, codeHash, now });
  if (!user || !consumed) throw new AuthError('INVALID_OR_EXPIRED_CODE');
  await endChallenges(db, { userId, now });
  await endAccountTokens(db, { userId, purposes: passwordPurposes, now });
  await endAllSessions(ctx, { db, userId, reason: 'credentials_changed', exceptId: sessionId });
  await countSuccess(ctx, { db, budget });
  await recordAudit(ctx, { db, type: 'email.changed', outcome: 'SUCCESS', subjectId: userId });
  const token = await issueAccountToken(ctx, {
    db,
    purpose: 'UNDO_EMAIL_CHANGE',
    owner: { userId, email: before.email },
    lifetime: undoLifetime,
    at: await momentOfChange(ctx, { db, userId }),
  });
  await enqueueEmail(ctx, {
    db,
    to: before.email,
    locale: before.locale,
    content: {
      template: 'email-changed',
      ...requestOrigin(ctx),
      undoLink: undoEmailChangeLink(ctx.config, { token }),
    },
  });
  return user;
}
