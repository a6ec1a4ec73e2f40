import type { App } from '../../app.ts';
import type { IdentityRow } from '../../db/tables/identities.ts';
import type { UserRow } from '../../db/tables/users.ts';
import type { ImportedIdentity } from './read-identities.ts';

/** The rows of an imported user's identities. */
export function identityRows(
  { clock, random }: Pick<App, 'clock' | 'random'>,
  { id: userId }: Pick<UserRow, 'id'>,
  identities: readonly ImportedIdentity[],
): IdentityRow[] {
  const now = clock.now();
  return identities.map((identity) => ({
    ...identity,
    id: random.id(now),
    userId,
    label: null,
    emailAtLink: null,
    createdAt: now,
    lastUsedAt: null,
  }));
}
