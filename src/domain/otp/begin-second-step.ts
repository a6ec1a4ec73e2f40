import { secondsAfter } from '../../clock.ts';
import type { Context } from '../../context.ts';
import type { Db } from '../../db/driver/client.ts';
import { insertChallenge } from '../../db/queries/otp-challenges.ts';
import type { PendingIdentity } from '../../db/tables/otp-challenges.ts';
import type { UserRow } from '../../db/tables/users.ts';
import { sha256 } from '../../secret-keys.ts';
import type { ProvedMethod } from '../factors/rules.ts';
import { offerPasskey } from '../passkeys/offer-passkey.ts';
import { accountKey, originOf } from '../rate-limits/reserve.ts';
import { type OtpChallenge, viewChallenge } from './challenge-view.ts';
import { codeLifetime, handleBytes } from './rules.ts';

type Input = {
  /** The transaction of the previous step. */
  readonly db: Db;
  /** As locked, so that its password is the one that was proved. */
  readonly user: Pick<UserRow, 'id' | 'emailCanonical' | 'passwordChangedAt'>;
  readonly purpose: 'LOGIN' | 'STEP_UP';
  /**
   * What has been proved so far; stored in the challenge, while the client holds only the handle
   * (ADV-5, ADV-50).
   */
  readonly proved: readonly ProvedMethod[];
  readonly methods: readonly ProvedMethod[];
  /** The session that requested the step-up. */
  readonly sessionId: string | null;
  /** What a provider vouched for in the previous step. */
  readonly pendingIdentity?: PendingIdentity | null;
};

/** A challenge for the next factor. Nothing is mailed. */
export async function beginSecondStep(ctx: Context, input: Input): Promise<OtpChallenge> {
  const now = ctx.clock.now();
  const handle = ctx.random.token(handleBytes);
  const row = {
    id: ctx.random.id(now),
    handleHash: sha256(handle),
    userId: input.user.id,
    sessionId: input.sessionId,
    purpose: input.purpose,
    methods: [...input.methods],
    provedMethods: [...input.proved],
    passwordChangedAt: input.user.passwordChangedAt,
    email: null,
    sentTo: null,
    codeHash: null,
    linkHash: null,
    accountKey: accountKey(ctx, input.user.emailCanonical),
    originKey: originOf(ctx),
    knownSessionId: input.sessionId,
    accountProved: true,
    pendingPasswordHash: null,
    pendingName: null,
    pendingLocale: null,
    pendingIdentity: input.pendingIdentity ?? null,
    resendAvailableAt: null,
    expiresAt: secondsAfter(now, codeLifetime),
    createdAt: now,
  };
  await insertChallenge(input.db, row);
  const passkey = await offerPasskey(ctx, { db: input.db, challenge: row });
  return viewChallenge(row, { handle, passkey });
}
