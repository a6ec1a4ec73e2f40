import type { Context } from '../../context.ts';
import type { UserRow } from '../../db/tables/users.ts';
import { judgeAdmin } from '../roles/rules.ts';
import type { GatewayUserField } from './gateway-user-fields.ts';

export type UserStatus = 'ACTIVE' | 'UNVERIFIED' | 'SUSPENDED';

/** The kind of onlooker, which decides what is shown (AZ-6). */
export type Onlooker =
  | 'self'
  | 'admin'
  | { readonly gateway: readonly GatewayUserField[] }
  | 'other';

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
  readonly suspendedUntil: Date | null;
  readonly lastLoginAt: Date | null;
  readonly totpEnabled: boolean | null;
  /** Whether the caller may see what the user signs in with: passkeys, codes, linked accounts. */
  readonly showsFactors: boolean;
  /** Whether the caller may see where the user is signed in. */
  readonly showsSessions: boolean;
  readonly showsPublicMetadata: boolean;
  readonly showsAdminMetadata: boolean;
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
  | 'suspendedUntil'
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
  const personal = onlooker === 'self' || onlooker === 'admin';
  const opened = typeof onlooker === 'object' ? onlooker.gateway : [];
  const sees = (field: GatewayUserField): boolean => personal || opened.includes(field);
  return {
    kind: 'user',
    id: user.id,
    email: sees('email') ? user.email : null,
    emailVerified: sees('emailVerified') ? user.emailVerifiedAt !== null : null,
    name: onlooker === 'other' ? null : user.name,
    roles: sees('roles') ? user.roles : null,
    createdAt: sees('createdAt') ? user.createdAt : null,
    status: personal ? statusOf(user) : null,
    suspendedUntil: personal && user.suspendedAt !== null ? user.suspendedUntil : null,
    lastLoginAt: personal ? user.lastLoginAt : null,
    totpEnabled: personal ? user.totpEnabledAt !== null : null,
    showsFactors: personal,
    showsSessions: onlooker === 'admin',
    showsPublicMetadata: sees('publicMetadata'),
    // Not the user: it is what administrators say to each other. The export has it.
    showsAdminMetadata: onlooker === 'admin' || opened.includes('adminMetadata'),
  };
}

/**
 * The relation of the caller to this user: a signed-in user takes precedence over the gateway that
 * forwards the request. SECURITY: whatever a gateway sees, anyone who can reach it can ask for.
 */
export function onlookerOf(
  { viewer, gateway, config }: Pick<Context, 'viewer' | 'gateway' | 'config'>,
  userId: string,
): Onlooker {
  if (viewer?.kind === 'session') {
    if (viewer.userId === userId) return 'self';
    const { methods } = viewer.session.session;
    const asked = { roles: viewer.roles, methods, isFresh: false };
    if (judgeAdmin(asked, 'look') === 'allowed') return 'admin';
  }
  return gateway ? { gateway: config.gatewayUserFields } : 'other';
}
