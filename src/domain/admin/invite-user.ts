import type { App } from '../../app.ts';
import type { RequestInfo, Viewer } from '../../context.ts';
import type { Db } from '../../db/driver/client.ts';
import { endAccountTokens } from '../../db/queries/account-tokens.ts';
import { endChallenges } from '../../db/queries/otp-challenges.ts';
import { putInvitedUser } from '../../db/queries/user-administration.ts';
import type { UserRow } from '../../db/tables/users.ts';
import { invitationLifetime, issueAccountToken } from '../accounts/account-token.ts';
import type { EmailAddress } from '../addresses/email-address.ts';
import { recordAudit } from '../audit/record.ts';

/** A request's context, or what a command provides. */
export type Inviter = Pick<App, 'clock' | 'random' | 'log' | 'keys' | 'metrics'> & {
  readonly request: RequestInfo | null;
  readonly viewer: Viewer | null;
};

type Input = {
  readonly db: Db;
  readonly email: EmailAddress;
  readonly name: string | null;
  readonly roles: readonly string[];
  readonly locale: string | null;
  readonly reason: string | null;
};

export type Invited = {
  readonly user: UserRow;
  /** For the link to choose a password with; only a hash of it is stored. */
  readonly token: string;
};

/**
 * Makes an account that cannot sign in until its mailbox is proved, and a token for the link that
 * proves it. An unverified account becomes the invited one, and anything that others have begun
 * with its address ends (RC-7). Null where the address has an account.
 */
export async function inviteUser(ctx: Inviter, input: Input): Promise<Invited | null> {
  const { db, email, name, roles, locale, reason } = input;
  const now = ctx.clock.now();
  const user = await putInvitedUser(db, {
    id: ctx.random.id(now),
    email: email.address,
    emailCanonical: email.canonical,
    name,
    roles,
    locale,
    now,
  });
  if (!user) return null;
  await endChallenges(db, { userId: user.id, now });
  await endAccountTokens(db, { userId: user.id, purposes: ['RESET_PASSWORD', 'INVITATION'], now });
  const token = await issueAccountToken(ctx, {
    db,
    purpose: 'INVITATION',
    owner: { userId: user.id, email: user.email },
    lifetime: invitationLifetime,
  });
  await recordAudit(ctx, {
    db,
    type: 'user.created',
    outcome: 'SUCCESS',
    subjectId: user.id,
    actorId: ctx.viewer?.userId ?? null,
    detail: { roles: roles.join(' '), reason },
  });
  return { user, token };
}
