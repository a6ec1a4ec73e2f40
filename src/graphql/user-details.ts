import DataLoader from 'dataloader';
import type { Context } from '../context.ts';
import type { SessionRow } from '../db/tables/sessions.ts';
import type { Metadata, UserMetadataRow } from '../db/tables/user-metadata.ts';
import { maxUsersByIds } from '../domain/accounts/users-by-ids.ts';
import { liveSessionsOf, maxUsersOfSessions, userSessions } from '../domain/admin/user-sessions.ts';
import { metadataOf } from '../domain/metadata/metadata-of.ts';
import type { PageInput } from '../domain/paging.ts';
import { passkeyCounts } from '../domain/passkeys/passkey-counts.ts';
import { recoveryCodeCounts } from '../domain/recovery-codes/count-recovery-codes.ts';
import type { SessionPage } from '../domain/sessions/list-sessions.ts';
import { havePasswords } from '../domain/users/have-passwords.ts';
import type { UserView } from '../domain/users/user-view.ts';

declare module '../context.ts' {
  interface RequestLoaders {
    havePasswords?: DataLoader<string, boolean>;
    passkeyCounts?: DataLoader<string, number>;
    recoveryCodeCounts?: DataLoader<string, number>;
    metadata?: DataLoader<string, UserMetadataRow | null>;
    liveSessions?: DataLoader<string, readonly SessionRow[]>;
  }
}

// What a user's row does not hold, of all users of an answer in one statement. Null where the
// caller may not see it.

type Shown = Pick<
  UserView,
  'id' | 'showsFactors' | 'showsSessions' | 'showsPublicMetadata' | 'showsAdminMetadata'
>;
const usual = { maxBatchSize: maxUsersByIds };

export async function hasPassword(ctx: Context, { id, ...user }: Shown): Promise<boolean | null> {
  if (!user.showsFactors) return null;
  ctx.loaders.havePasswords ??= new DataLoader(
    (ids) => havePasswords(ctx, { userIds: ids }),
    usual,
  );
  return ctx.loaders.havePasswords.load(id);
}

export async function passkeyCount(ctx: Context, { id, ...user }: Shown): Promise<number | null> {
  if (!user.showsFactors) return null;
  ctx.loaders.passkeyCounts ??= new DataLoader(
    (ids) => passkeyCounts(ctx, { userIds: ids }),
    usual,
  );
  return ctx.loaders.passkeyCounts.load(id);
}

export async function recoveryCodesOf(
  ctx: Context,
  { id, ...user }: Shown,
): Promise<number | null> {
  if (!user.showsFactors) return null;
  ctx.loaders.recoveryCodeCounts ??= new DataLoader(
    (ids) => recoveryCodeCounts(ctx, { userIds: ids }),
    usual,
  );
  return ctx.loaders.recoveryCodeCounts.load(id);
}

export async function publicMetadataOf(ctx: Context, user: Shown): Promise<Metadata | null> {
  if (!user.showsPublicMetadata) return null;
  return (await loadMetadata(ctx, user.id))?.publicMetadata ?? {};
}

export async function adminMetadataOf(ctx: Context, user: Shown): Promise<Metadata | null> {
  if (!user.showsAdminMetadata) return null;
  return (await loadMetadata(ctx, user.id))?.adminMetadata ?? {};
}

function loadMetadata(ctx: Context, userId: string): Promise<UserMetadataRow | null> {
  ctx.loaders.metadata ??= new DataLoader((ids) => metadataOf(ctx, { userIds: ids }), usual);
  return ctx.loaders.metadata.load(userId);
}

export async function sessionsOf(
  ctx: Context,
  { id, ...user }: Shown,
  page: PageInput,
): Promise<SessionPage | null> {
  if (!user.showsSessions) return null;
  ctx.loaders.liveSessions ??= new DataLoader((ids) => liveSessionsOf(ctx, { userIds: ids }), {
    maxBatchSize: maxUsersOfSessions,
  });
  const loader = ctx.loaders.liveSessions;
  return userSessions(ctx, page, () => loader.load(id));
}
