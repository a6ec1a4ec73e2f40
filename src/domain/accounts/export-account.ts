import { z } from 'zod';
import type { Context } from '../../context.ts';
import type { Db } from '../../db/driver/client.ts';
import { findTokensOf } from '../../db/queries/account-tokens.ts';
import { type AuditEntry, listAuditEvents } from '../../db/queries/audit-events.ts';
import { listIdentities } from '../../db/queries/identities.ts';
import { findDevicesOf } from '../../db/queries/known-devices.ts';
import { findChallengesOf } from '../../db/queries/otp-challenges.ts';
import { listPasskeys } from '../../db/queries/passkeys.ts';
import { findSessionsOf } from '../../db/queries/sessions.ts';
import type { AccountTokenRow } from '../../db/tables/account-tokens.ts';
import type { IdentityRow } from '../../db/tables/identities.ts';
import type { OtpChallengeRow, PendingIdentity } from '../../db/tables/otp-challenges.ts';
import type { PasskeyRow } from '../../db/tables/passkeys.ts';
import type { SessionRow } from '../../db/tables/sessions.ts';
import type { UserMetadataRow } from '../../db/tables/user-metadata.ts';
import type { UserRow } from '../../db/tables/users.ts';
import { viewAuditEvent } from '../audit/audit-event-view.ts';
import { recordAudit } from '../audit/record.ts';
import { requireStepUp } from '../caller/require-step-up.ts';
import { command } from '../command.ts';
import { metadataOf } from '../metadata/metadata-of.ts';
import { providerOf } from '../passkeys/providers.ts';
import { writeBytes } from '../passkeys/write-bytes.ts';
import { reserve } from '../rate-limits/reserve.ts';
import { countRecoveryCodes } from '../recovery-codes/count-recovery-codes.ts';

const schema = z.object({
  format: z
    .string()
    .refine((format) => format === 'json', {
      message: '`json` is the only format.',
      params: { code: 'UNSUPPORTED' },
    })
    .nullish(),
});

export type AccountExport = {
  readonly kind: 'export';
  readonly json: string;
  readonly createdAt: Date;
};

/**
 * The maximum number of sessions, codes and links, which go as a whole; the document says where
 * some are missing. Of events, which strangers cause and which stay, there is no maximum.
 */
const mostRows = 100_000;
/** Events are read in pages, so that no statement is long and one page is held at a time. */
const page = 1000;

/**
 * All that is stored about the caller, as JSON: only named fields, no hash, seed, code or token
 * (DP-5). Throws STEP_UP_REQUIRED, RATE_LIMITED.
 */
export const exportAccount = command(schema, async (ctx): Promise<AccountExport> => {
  const viewer = requireStepUp(ctx);
  await reserve(ctx, [{ budget: 'export:user', identifier: viewer.userId }]);
  const createdAt = ctx.clock.now();
  const document = await collect(ctx, viewer.session.user, createdAt);
  const events = await readEvents(ctx.db, { userId: viewer.userId, before: null });
  await recordAudit(ctx, {
    db: ctx.db,
    type: 'account.exported',
    outcome: 'SUCCESS',
    subjectId: viewer.userId,
  });
  const json = ctx.longText(() => write(ctx.db, { document, userId: viewer.userId, events }));
  return { kind: 'export', json, createdAt };
});

/** Everything but the events. */
async function collect(ctx: Context, user: UserRow, createdAt: Date): Promise<object> {
  const userId = user.id;
  const { db } = ctx;
  const sessions = await findSessionsOf(db, { userId, limit: mostRows });
  const devices = await findDevicesOf(db, { userId });
  const challenges = await findChallengesOf(db, { userId, limit: mostRows });
  const passkeys = await listPasskeys(db, { userId, limit: mostRows });
  const identities = await listIdentities(db, { userId, limit: mostRows });
  const recoveryCodesLeft = await countRecoveryCodes(ctx, { db, userId });
  const [metadata] = await metadataOf(ctx, { userIds: [userId] });
  const links = await findTokensOf(db, { userId, limit: mostRows });
  return {
    createdAt,
    isComplete: [sessions, challenges, links].every((rows) => rows.length < mostRows),
    account: { ...describeAccount(user), recoveryCodesLeft },
    ...describeMetadata(metadata),
    passkeys: passkeys.map(describePasskey),
    identities: identities.map(describeIdentity),
    sessions: sessions.map(describeSession),
    knownDevices: devices,
    challenges: challenges.map(describeChallenge),
    links: links.map(describeLink),
  };
}

/**
 * A page of events about the caller and by the caller: an administrator's export includes their own
 * addresses in what they did to other users.
 */
function readEvents(
  db: Db,
  { userId, before }: { userId: string; before: string | null },
): Promise<AuditEntry[]> {
  const all = { type: null, actorId: null, since: null, until: null };
  return listAuditEvents(db, { ...all, userId, before, limit: page });
}

/** The document with the events as its last member, an event a line. */
async function* write(
  db: Db,
  { document, userId, events }: { document: object; userId: string; events: AuditEntry[] },
): AsyncGenerator<string> {
  yield `${JSON.stringify(document, null, 2).replace(/\n}$/, '')},\n  "securityEvents": [`;
  let separator = '';
  for (let rows = events; rows.length > 0; ) {
    const lines = rows.map((row) => `\n    ${JSON.stringify(describeEvent(row, userId))}`);
    yield separator + lines.join(',');
    separator = ',';
    const before = rows.length < page ? null : (rows.at(-1)?.id ?? null);
    rows = before === null ? [] : await readEvents(db, { userId, before });
  }
  yield '\n  ]\n}';
}

function describeAccount(user: UserRow) {
  return {
    id: user.id,
    email: user.email,
    emailVerifiedAt: user.emailVerifiedAt,
    name: user.name,
    locale: user.locale,
    roles: user.roles,
    hasPassword: user.passwordHash !== null,
    passwordChangedAt: user.passwordChangedAt,
    totpEnabledAt: user.totpEnabledAt,
    invitedAt: user.invitedAt,
    suspendedAt: user.suspendedAt,
    suspendedUntil: user.suspendedUntil,
    lastLoginAt: user.lastLoginAt,
    createdAt: user.createdAt,
  };
}

/** That of administrators too: it is about the user, whose right it is to have it (GDPR 15). */
function describeMetadata(row: UserMetadataRow | null | undefined) {
  return {
    publicMetadata: row?.publicMetadata ?? {},
    adminMetadata: row?.adminMetadata ?? {},
    preferences: row?.preferences ?? {},
  };
}

function describePasskey(row: PasskeyRow) {
  return {
    id: row.id,
    name: row.name,
    credentialId: writeBytes(row.credentialId),
    rpId: row.rpId,
    provider: providerOf(row.aaguid),
    synced: row.backupState,
    transports: row.transports,
    createdAt: row.createdAt,
    lastUsedAt: row.lastUsedAt,
    suspectAt: row.suspectAt,
  };
}

function describeIdentity(row: IdentityRow) {
  return {
    id: row.id,
    provider: row.providerId,
    label: row.label,
    emailAtLink: row.emailAtLink,
    subject: row.subject,
    createdAt: row.createdAt,
    lastUsedAt: row.lastUsedAt,
  };
}

function describeSession(row: SessionRow) {
  return {
    id: row.id,
    createdAt: row.createdAt,
    lastUsedAt: row.lastUsedAt,
    authenticatedAt: row.authenticatedAt,
    expiresAt: row.absoluteExpiresAt,
    methods: row.methods,
    identityProvider: row.identityProvider,
    network: row.network,
    device: row.device,
    revokedAt: row.revokedAt,
    revokedReason: row.revokedReason,
  };
}

function describeChallenge(row: OtpChallengeRow) {
  return {
    purpose: row.purpose,
    methods: row.methods,
    email: row.email,
    pendingName: row.pendingName,
    pendingLocale: row.pendingLocale,
    pendingIdentity: describePending(row.pendingIdentity),
    createdAt: row.createdAt,
    expiresAt: row.expiresAt,
    consumedAt: row.consumedAt,
  };
}

function describePending(identity: PendingIdentity | null) {
  return identity && { provider: identity.providerId, label: identity.label };
}

function describeLink(row: AccountTokenRow) {
  return {
    purpose: row.purpose,
    email: row.email,
    createdAt: row.createdAt,
    expiresAt: row.expiresAt,
    endedAt: row.endedAt,
  };
}

function describeEvent(row: AuditEntry, viewerId: string) {
  const { id, at, type, outcome, ipAddress, userAgent, requestId } = viewAuditEvent(row, viewerId);
  return { id, at, type, outcome, ipAddress, userAgent, requestId };
}
