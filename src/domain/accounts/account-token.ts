import { secondsAfter } from '../../clock.ts';
import type { Context } from '../../context.ts';
import type { Db } from '../../db/driver/client.ts';
import { type AccountTokenPurpose, putAccountToken } from '../../db/queries/account-tokens.ts';
import { sha256 } from '../../secret-keys.ts';

/** Seconds that a password reset link is valid (RC-2; NIST 4.2.1.2 allows a day). */
export const resetLifetime = 3600;
/**
 * Seconds that an invitation is valid (NIST SP 800-63A-4: an enrolment code by e-mail, 24 hours).
 * Afterwards the user can request a password reset instead.
 */
export const invitationLifetime = 24 * 3600;
/** The purposes that `resetPassword` accepts. */
export const passwordPurposes: readonly AccountTokenPurpose[] = ['RESET_PASSWORD', 'INVITATION'];
/** Seconds that the former address may undo a change of address. */
export const undoLifetime = 7 * 24 * 3600;

/** 256 bits (RC-2). */
const tokenBytes = 32;

type Input = {
  readonly db: Db;
  readonly purpose: AccountTokenPurpose;
  /** The user and the mailbox it is mailed to. Null makes a decoy of the same cost (RC-1). */
  readonly owner: { readonly userId: string; readonly email: string } | null;
  /** Seconds. */
  readonly lifetime: number;
  /** The moment of the change that the link undoes; now unless given. */
  readonly at?: Date;
};

/**
 * Creates and stores a token for a mailed link, and returns its value, of which only a hash is
 * stored.
 */
export async function issueAccountToken(
  ctx: Pick<Context, 'clock' | 'random'>,
  input: Input,
): Promise<string> {
  const now = ctx.clock.now();
  const token = ctx.random.token(tokenBytes);
  await putAccountToken(input.db, {
    id: ctx.random.id(now),
    tokenHash: sha256(token),
    userId: input.owner?.userId ?? null,
    purpose: input.purpose,
    email: input.owner?.email ?? null,
    createdAt: input.at ?? now,
    expiresAt: secondsAfter(now, input.lifetime),
  });
  return token;
}
