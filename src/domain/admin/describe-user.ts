import type { App } from '../../app.ts';
import { countPasskeys } from '../../db/queries/passkeys.ts';
import { listLiveSessions } from '../../db/queries/sessions.ts';
import { findUserByEmail, findUserById } from '../../db/queries/users.ts';
import type { UserRow } from '../../db/tables/users.ts';
import { identitiesOf } from '../identities/list-identities.ts';
import { metadataOf } from '../metadata/metadata-of.ts';
import { countRecoveryCodes } from '../recovery-codes/count-recovery-codes.ts';
import { mostSessions } from '../sessions/rules.ts';
import { viewSession } from '../sessions/session-view.ts';
import { statusOf } from '../users/user-view.ts';
import type { UserName } from './user-name.ts';

/** What a list shows of a user. */
export function summarizeUser(user: UserRow) {
  return {
    id: user.id,
    email: user.email,
    name: user.name,
    status: statusOf(user),
    suspendedUntil: user.suspendedAt === null ? null : user.suspendedUntil,
    roles: user.roles,
    lastLoginAt: user.lastLoginAt,
    createdAt: user.createdAt,
  };
}
export type UserSummary = ReturnType<typeof summarizeUser>;

/** What an operator may want to know of a user, and nothing secret; null where there is none. */
export async function describeUser(
  app: Pick<App, 'clock' | 'config' | 'db' | 'keys'>,
  name: UserName,
) {
  const { db } = app;
  const user =
    name.kind === 'id'
      ? await findUserById(db, { id: name.id })
      : await findUserByEmail(db, { canonical: name.canonical });
  if (!user) return null;
  const { id: userId } = user;
  const now = app.clock.now();
  const sessions = await listLiveSessions(db, { userId, now, limit: mostSessions });
  const [identities] = await identitiesOf(app, { userIds: [userId] });
  const [metadata] = await metadataOf(app, { userIds: [userId] });
  return {
    ...summarizeUser(user),
    emailVerifiedAt: user.emailVerifiedAt,
    locale: user.locale,
    hasPassword: user.passwordHash !== null,
    totpEnabledAt: user.totpEnabledAt,
    recoveryCodesLeft: await countRecoveryCodes(app, { db, userId }),
    passkeys: await countPasskeys(db, { userId }),
    identities: (identities ?? []).map(({ id, provider, label }) => ({
      id,
      provider: provider.id,
      label,
    })),
    publicMetadata: metadata?.publicMetadata ?? {},
    adminMetadata: metadata?.adminMetadata ?? {},
    sessions: sessions.map((session) => {
      const { current: _, ...shown } = viewSession(session, null);
      return shown;
    }),
  };
}
export type UserDescription = NonNullable<Awaited<ReturnType<typeof describeUser>>>;
