import type { App } from '../../app.ts';
import { listIdentitiesOf } from '../../db/queries/identities.ts';
import { listPasskeysOf } from '../../db/queries/passkeys.ts';
import { listUsersInOrder } from '../../db/queries/user-directory.ts';
import type { IdentityRow } from '../../db/tables/identities.ts';
import type { PasskeyRow } from '../../db/tables/passkeys.ts';
import type { UserMetadataRow } from '../../db/tables/user-metadata.ts';
import type { UserRow } from '../../db/tables/users.ts';
import { recordAudit } from '../audit/record.ts';
import { metadataOf } from '../metadata/metadata-of.ts';
import { writeBytes } from '../passkeys/write-bytes.ts';

type Exporter = Pick<App, 'db' | 'clock' | 'random' | 'log' | 'keys' | 'metrics'> & {
  readonly request: null;
  readonly viewer: null;
};

/** Users that are held in memory at a time. */
const page = 500;

/**
 * Every user as `latchkey import-users` reads them, in the order of their ids, those after `after`.
 * SECURITY: nothing that signs anybody in: no password hash, which no other system could check
 * without our SECRET_KEY, no seed, code or token. The trail says that it was begun (EXP-1).
 */
export async function* exportUsers(
  app: Exporter,
  { after }: { readonly after: string | null },
): AsyncGenerator<readonly object[]> {
  await recordAudit(
    { ...app, by: 'command line' },
    {
      db: app.db,
      type: 'users.exported',
      outcome: 'SUCCESS',
      subjectId: null,
      detail: { after },
    },
  );
  for (let from = after, isMore = true; isMore; ) {
    const users = await listUsersInOrder(app.db, { after: from, limit: page });
    if (users.length > 0) yield await describeAll(app, users);
    from = users.at(-1)?.id ?? null;
    isMore = users.length === page;
  }
}

async function describeAll(app: Exporter, users: readonly UserRow[]): Promise<object[]> {
  const userIds = users.map(({ id }) => id);
  const metadata = await metadataOf(app, { userIds });
  const passkeys = await listPasskeysOf(app.db, { userIds });
  const identities = await listIdentitiesOf(app.db, { userIds });
  return users.map((user, index) => ({
    ...describe(user),
    ...describeMetadata(metadata[index] ?? null),
    ...describePasskeys(user, passkeys),
    ...describeIdentities(user, identities),
  }));
}

/** The names are those that import-users knows; what is not there is left out. */
function describe(user: UserRow): object {
  const isSuspended = user.suspendedAt !== null;
  return {
    id: user.id,
    email: user.email,
    email_verified: user.emailVerifiedAt !== null,
    ...given('name', user.name),
    ...(user.roles.length > 0 ? { roles: user.roles } : {}),
    ...given('locale', user.locale),
    created_at: user.createdAt,
    ...given('last_login_at', user.lastLoginAt),
    // One of the two: an import takes a flag for a suspension without an end.
    ...(isSuspended && user.suspendedUntil === null ? { suspended: true } : {}),
    ...(isSuspended ? given('suspended_until', user.suspendedUntil) : {}),
    ...(user.totpEnabledAt === null ? {} : { second_factor: true }),
  };
}

function given(name: string, value: unknown): object {
  return value === null ? {} : { [name]: value };
}

function describeMetadata(row: UserMetadataRow | null): object {
  if (row === null) return {};
  const { publicMetadata, adminMetadata, preferences } = row;
  return { latchkey_metadata: { public: publicMetadata, admin: adminMetadata, preferences } };
}

function describeIdentities(user: UserRow, all: readonly IdentityRow[]): object {
  const own = all.filter(({ userId }) => userId === user.id);
  if (own.length === 0) return {};
  return {
    identities: own.map(({ providerId, issuer, subject }) => ({
      provider: providerId,
      issuer,
      subject,
    })),
  };
}

/** They sign nobody in by themselves: the private key is with the user. */
function describePasskeys(user: UserRow, all: readonly PasskeyRow[]): object {
  const own = all.filter(({ userId }) => userId === user.id);
  if (own.length === 0) return {};
  return {
    passkeys: own.map((row) => ({
      credential_id: writeBytes(row.credentialId),
      public_key: writeBytes(row.publicKey),
      rp_id: row.rpId,
      counter: row.signCount,
      uv_initialized: row.uvInitialized,
      backup_eligible: row.backupEligible,
      backup_state: row.backupState,
      transports: row.transports,
      aaguid: row.aaguid,
      name: row.name,
      created_at: row.createdAt,
      last_used_at: row.lastUsedAt,
      user_handle: row.foreignHandle || !user.passkeyHandle ? null : writeBytes(user.passkeyHandle),
    })),
  };
}
