import type { App } from '../../app.ts';
import { setUserRoles } from '../../db/queries/user-administration.ts';
import { holdUserByEmail } from '../../db/queries/users.ts';
import type { UserRow } from '../../db/tables/users.ts';
import { AuthError } from '../../errors.ts';
import type { EmailAddress } from '../addresses/email-address.ts';
import { recordAudit } from '../audit/record.ts';
import { resetPasswordLink } from '../emails/links.ts';
import { adminRole, distinctRoles } from '../roles/rules.ts';
import { type Inviter, inviteUser } from './invite-user.ts';

export type Appointed =
  | { readonly kind: 'invited'; readonly user: UserRow; readonly link: string }
  /** They had an account, and now have the role. */
  | { readonly kind: 'promoted'; readonly user: UserRow }
  | { readonly kind: 'unchanged'; readonly user: UserRow };

type Input = { readonly email: EmailAddress; readonly name: string | null };

/**
 * Makes an administrator, for the operator who holds the configuration: there is no other way to
 * create the first one (AZ-7). An address without an account, or with an unverified one, is
 * invited; the owner of an account gets the role in addition to their own. Throws CONFLICT for a
 * suspended one.
 */
export async function appointAdmin(
  app: Inviter & Pick<App, 'transaction' | 'config'>,
  input: Input,
): Promise<Appointed> {
  const { email, name } = input;
  const operator = { ...app, by: 'command line' } as const;
  return app.transaction(async (tx) => {
    const user = await holdUserByEmail(tx, { canonical: email.canonical });
    if (user?.suspendedAt)
      throw new AuthError('CONFLICT', { message: 'This account is suspended.' });
    if (!user || user.emailVerifiedAt === null) {
      const invited = await inviteUser(operator, {
        db: tx,
        email,
        name,
        roles: [adminRole],
        locale: null,
        reason: null,
      });
      if (!invited)
        throw new AuthError('CONFLICT', {
          message: 'This address has got an account just now. Try again.',
        });
      return {
        kind: 'invited',
        user: invited.user,
        link: resetPasswordLink(app.config, { token: invited.token }),
      };
    }
    if (user.roles.includes(adminRole)) return { kind: 'unchanged', user };
    const roles = distinctRoles([...user.roles, adminRole]);
    const promoted = await setUserRoles(tx, { id: user.id, roles });
    await recordAudit(operator, {
      db: tx,
      type: 'user.roles_changed',
      outcome: 'SUCCESS',
      subjectId: user.id,
      detail: { before: user.roles.join(' '), after: roles.join(' ') },
    });
    return { kind: 'promoted', user: promoted ?? user };
  });
}
