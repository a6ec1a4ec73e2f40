import type { Context } from '../../context.ts';
import type { UserRow } from '../../db/tables/users.ts';
import { judgeAdmin } from '../roles/rules.ts';

export type UserStatus = 'ACTIVE' | 'UNVERIFIED' | 'SUSPENDED';

/** The kind of onlooker, which decides what is shown (AZ-6). */
export type Onlooker = 'self' | 'admin' | 'gateway' | 'other';

/** A user as one particular caller may see them. Hidden fields are null. */
export type UserView = {
  readonly kind: 'user';
  readonly id: string;
  readonly email: string | null;
  readonly emailVerified: boolean | null;
  readonly name: string | null;
  readonly roles: string[] | null;
  readonly createdAt: Date | null;
  readonly status: UserStatus | null;
  readonly lastLoginAt: Date | null;
  readonly totpEnabled: boolean | null;
};

type VisibleUser = Pick<
  UserRow,
  | 'id'
  | 'email'
  | 'emailVerifiedAt'
  | 'name'
  | 'roles'
  | 'createdAt'
  | 'suspendedAt'
  | 'lastLoginAt'
  | 'totpEnabledAt'
>;

export function statusOf(user: Pick<UserRow, 'suspendedAt' | 'emailVerifiedAt'>): UserStatus {
  if (user.suspendedAt) return 'SUSPENDED';
  return user.emailVerifiedAt ? 'ACTIVE' : 'UNVERIFIED';
}

/**
 * The only place that decides which of a user's fields a caller sees; rows leave the domain no
 * other way.
 */
export function viewUser(user: VisibleUser, onlooker: Onlooker): UserView {
  const known = onlooker !== 'other';
  const personal = onlooker === 'self' || onlooker === 'admin';
  return {
    kind: 'user',
    id: user.id,
    email: known ? user.email : null,
    emailVerified: known ? user.emailVerifiedAt !== null : null,
    name: known ? user.name : null,
    roles: known ? user.roles : null,
    createdAt: known ? user.createdAt : null,
    status: personal ? statusOf(user) : null,
    lastLoginAt: personal ? user.lastLoginAt : null,
    totpEnabled: personal ? user.totpEnabledAt !== null : null,
  };
}

/**
 * The relation of the caller to this user: a signed-in user takes precedence over the gateway that
 * forwards the request.
 */
export function onlookerOf(
  { viewer, gateway }: Pick<Context, 'viewer' | 'gateway'>,
  userId: string,
): Onlooker {
  if (viewer?.kind === 'session') {
    if (viewer.userId === userId) return 'self';
    const { methods } = viewer.session.session;
    const asked = { roles: viewer.roles, methods, isFresh: false };
    if (judgeAdmin(asked, 'look') === 'allowed') return 'admin';
  }
  return gateway ? 'gateway' : 'other';
}
