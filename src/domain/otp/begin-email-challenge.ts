import { secondsAfter } from '../../clock.ts';
import type { Context } from '../../context.ts';
import type { Transaction } from '../../db/driver/transaction.ts';
import { insertChallenge } from '../../db/queries/otp-challenges.ts';
import type { PendingIdentity } from '../../db/tables/otp-challenges.ts';
import { sha256 } from '../../secret-keys.ts';
import { type EmailAddress, maskEmailAddress } from '../addresses/email-address.ts';
import type { ProvedMethod } from '../factors/rules.ts';
import { offerPasskey } from '../passkeys/offer-passkey.ts';
import { accountKey, originOf } from '../rate-limits/reserve.ts';
import { type OtpChallenge, viewChallenge } from './challenge-view.ts';
import { codeLifetime, handleBytes, type OtpPurpose, resendCooldown } from './rules.ts';
import { makeSecrets, sendCode } from './send-code.ts';

type Input = {
  /** The transaction of the change that asks for the code. */
  readonly db: Transaction;
  readonly purpose: OtpPurpose;
  /** As the caller gave it: the answer shows it masked, and the budget is counted by it. */
  readonly given: EmailAddress;
  /** Null makes a decoy: same shape, same work, no code that could complete it (EN-2). */
  readonly recipient: {
    readonly userId: string;
    readonly email: string;
    readonly locale: string | null;
  } | null;
  readonly sessionId?: string;
  /** The session by which the account knows the device that asks (RL-3). */
  readonly knownSessionId?: string | null;
  /** False where the account's address was not proved before (AV-7). */
  readonly accountProved?: boolean;
  /** What the caller has proved before; the mailbox is asked for beside it. */
  readonly proved?: {
    readonly methods: readonly ProvedMethod[];
    readonly passwordChangedAt: Date | null;
  };
  /** Only the owner can have asked: others cannot use up the mailbox's budget for it. */
  readonly isOwners?: boolean;
  readonly pending?: {
    readonly passwordHash: string | null;
    readonly name: string | null;
    readonly locale: string | null;
  };
  /** What a provider vouched for: linked once the sign-in is complete (ADV-26). */
  readonly pendingIdentity?: PendingIdentity | null;
  /** The mail is the reminder of an unfinished registration, with the link alone. */
  readonly isReminder?: boolean;
  /** The caller sends another mail instead of the code's. */
  readonly silent?: boolean;
};

/** A challenge that an e-mailed code completes, with its mail enqueued. */
export async function beginEmailChallenge(ctx: Context, input: Input): Promise<OtpChallenge> {
  const now = ctx.clock.now();
  const id = ctx.random.id(now);
  const handle = ctx.random.token(handleBytes);
  const made = makeSecrets(ctx, { id, purpose: input.purpose });
  const row = {
    id,
    handleHash: sha256(handle),
    userId: input.recipient?.userId ?? null,
    sessionId: input.sessionId ?? null,
    purpose: input.purpose,
    methods: ['EMAIL'],
    provedMethods: [...(input.proved?.methods ?? [])],
    passwordChangedAt: input.proved?.passwordChangedAt ?? null,
    email: input.recipient?.email ?? null,
    sentTo: maskEmailAddress(input.given.address),
    codeHash: made.codeHash,
    linkHash: made.linkHash,
    accountKey: accountKey(ctx, input.given.canonical),
    originKey: originOf(ctx),
    knownSessionId: input.sessionId ?? input.knownSessionId ?? null,
    accountProved: input.purpose !== 'VERIFY_EMAIL' && (input.accountProved ?? true),
    pendingPasswordHash: input.pending?.passwordHash ?? null,
    pendingName: input.pending?.name ?? null,
    pendingLocale: input.pending?.locale ?? null,
    pendingIdentity: input.pendingIdentity ?? null,
    resendAvailableAt: secondsAfter(now, resendCooldown),
    expiresAt: secondsAfter(now, codeLifetime),
    createdAt: now,
  };
  await insertChallenge(input.db, row);
  if (input.silent !== true) {
    await sendCode(ctx, {
      db: input.db,
      challenge: row,
      secrets: made.secrets,
      locale: input.recipient?.locale ?? null,
      isOwners: input.isOwners ?? false,
      ...(input.isReminder === true ? { reminder: 'link' as const } : {}),
    });
  }
  const passkey = await offerPasskey(ctx, { db: input.db, challenge: row });
  return viewChallenge(row, { handle, passkey });
}
