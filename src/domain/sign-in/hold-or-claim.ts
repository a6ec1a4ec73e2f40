import type { Context } from '../../context.ts';
import type { Transaction } from '../../db/driver/transaction.ts';
import { endOtherChallenges } from '../../db/queries/otp-challenges.ts';
import { holdAnyUser } from '../../db/queries/user-administration.ts';
import { claimUser, holdUser } from '../../db/queries/users.ts';
import type { OtpChallengeRow } from '../../db/tables/otp-challenges.ts';
import type { UserRow } from '../../db/tables/users.ts';
import { recordAudit } from '../audit/record.ts';
import { clearUnproved } from '../factors/clear-factors.ts';

/** What a registration asked for: the challenge's own columns. */
type Registration = Pick<OtpChallengeRow, 'pendingPasswordHash' | 'pendingName' | 'pendingLocale'>;

type Input = {
  readonly db: Transaction;
  readonly challenge: OtpChallengeRow;
  readonly userId: string;
  /**
   * What a new account gets. SECURITY: the challenge's own only where the caller has proved that
   * they began it; whoever reads the mailbox must not confirm the password of another (RC-7).
   */
  readonly registration: Registration;
};

/**
 * The account of a completed challenge, locked: verified, or claimed by its mailbox now. Null where
 * the challenge no longer opens it.
 */
export async function holdOrClaim(ctx: Context, input: Input): Promise<UserRow | null> {
  const { db, challenge, userId } = input;
  const found = await holdAnyUser(db, { id: userId });
  if (found?.emailVerifiedAt === null) return claim(ctx, input);
  // An account verified meanwhile keeps its password, whatever this registration asked for
  // (ADV-48).
  if (challenge.purpose === 'VERIFY_EMAIL') return null;
  return holdProved(db, { challenge, userId });
}

/**
 * The account of a challenge that may sign in, locked; null where it may not, or where a password
 * that was proved in the previous step has been changed since (RC-6).
 */
export function holdProved(
  db: Transaction,
  { challenge, userId }: Pick<Input, 'challenge' | 'userId'>,
): Promise<UserRow | null> {
  return holdUser(db, {
    id: userId,
    ...(challenge.provedMethods.includes('PASSWORD')
      ? { passwordChangedAt: challenge.passwordChangedAt }
      : {}),
  });
}

/**
 * SECURITY: the owner of the mailbox takes over the account. It gets the password of their own
 * registration or none: what others set up with the same address is removed, factors too (RC-7,
 * ADV-9). The app of an account that the operator made is kept, and asked for.
 */
async function claim(
  ctx: Context,
  { db, challenge, userId, registration }: Input,
): Promise<UserRow | null> {
  const claimed = await claimUser(db, {
    id: userId,
    passwordHash: registration.pendingPasswordHash,
    name: registration.pendingName,
    locale: registration.pendingLocale,
    now: ctx.clock.now(),
  });
  if (!claimed) return null;
  await clearUnproved(ctx, { db, user: claimed });
  await endOtherChallenges(db, { userId, exceptId: challenge.id, now: ctx.clock.now() });
  await recordAudit(ctx, { db, type: 'email.verified', outcome: 'SUCCESS', subjectId: userId });
  return claimed.invitedAt !== null ? claimed : { ...claimed, totpEnabledAt: null };
}
