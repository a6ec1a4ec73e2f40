import type { IdentityProvider } from '../../config/identity-providers.ts';
import type { Config } from '../../config/read-config.ts';
import type { UserRow } from '../../db/tables/users.ts';

/** Seconds that a flow waits for its browser (ID-1). */
export const flowLifetime = 600;
/** Seconds that a ticket is good (ID-10). */
export const ticketLifetime = 60;
/** Bytes of each secret of a flow, 256 bits: handle, state, nonce, verifier, ticket (ID-10). */
export const secretBytes = 32;
/** How many accounts at other providers a user may have linked. */
export const identityLimit = 50;
/** More than anyone has: imports know no limit. */
export const mostIdentities = 1000;

/** What is known here of the address that a provider names. */
export type LocalAccount = 'none' | 'unverified' | 'verified' | 'suspended';

export function stateOf(
  user: Pick<UserRow, 'suspendedAt' | 'emailVerifiedAt'> | null,
): LocalAccount {
  if (user === null) return 'none';
  if (user.suspendedAt !== null) return 'suspended';
  return user.emailVerifiedAt === null ? 'unverified' : 'verified';
}

/**
 * - `register`: a new account, whose address the provider has verified.
 * - `link`: linked at once.
 * - `confirm`: linked once a code that goes to the address has come back.
 * - `decoy`: the same answer as `confirm`, and no code that could complete it.
 * - `closed`: registration is by invitation.
 * - `no-address`: the provider names no address, and every account has one.
 */
export type LinkDecision = 'register' | 'link' | 'confirm' | 'decoy' | 'closed' | 'no-address';

export type Claim = {
  readonly local: LocalAccount;
  /** What the provider says of the address; `verified` only where it is trusted with it (ID-7). */
  readonly address: 'verified' | 'claimed' | 'none';
  readonly linking: IdentityProvider['linking'];
  readonly registration: Config['registration'];
};

/**
 * SECURITY: the only place that decides what a provider's account that no user has yet may do.
 * Nothing is linked without a code unless the provider has verified the address and so has the
 * account's owner (ID-8, ADV-8): an account that is not proved may be a squatter's (ADV-9). Where
 * the provider has not verified it, known and unknown addresses get the same answer (ID-19).
 */
export function decideLink({ local, address, linking, registration }: Claim): LinkDecision {
  if (address === 'none') return 'no-address';
  if (local === 'suspended') return 'decoy';
  if (local === 'unverified') return 'confirm';
  if (local === 'verified')
    return address === 'verified' && linking === 'verified' ? 'link' : 'confirm';
  if (address === 'verified') return registration === 'open' ? 'register' : 'closed';
  return registration === 'open' ? 'confirm' : 'decoy';
}
