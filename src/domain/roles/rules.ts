/** The role that opens administration (contract.md). */
export const adminRole = 'admin';

/** The maximum number of roles of one user. */
export const maxRoles = 20;
/** Lower-case words of the operator's own, 40 characters at most (contract.md). */
export const rolePattern = /^[a-z0-9:_-]{1,40}$/;

type Caller = {
  /** From the row that was read for this request, never from a token (AZ-4). */
  readonly roles: readonly string[];
  /** RFC 8176 names of what the session has proved. */
  readonly methods: readonly string[];
  /** Whether the caller has recently proved who they are. */
  readonly isFresh: boolean;
};

export type AdminVerdict = 'allowed' | 'not-an-admin' | 'no-second-factor' | 'not-fresh';

/**
 * Whether a caller may administer. Reading requires the role and a session with a second factor,
 * which a mailed code is not (OT-9); a change requires a recent proof too (AZ-4, SE-13).
 */
export function judgeAdmin(caller: Caller, wish: 'look' | 'change'): AdminVerdict {
  if (!caller.roles.includes(adminRole)) return 'not-an-admin';
  if (!caller.methods.includes('mfa')) return 'no-second-factor';
  return wish === 'change' && !caller.isFresh ? 'not-fresh' : 'allowed';
}

/**
 * Whether no administrator would be left without this user. `adminIds` are those who can sign in
 * now.
 */
export function isLastAdmin(adminIds: readonly string[], userId: string): boolean {
  return adminIds.length === 1 && adminIds[0] === userId;
}

/** Roles as they are stored: each once, in the order given. */
export function distinctRoles(roles: readonly string[]): string[] {
  return [...new Set(roles)];
}
