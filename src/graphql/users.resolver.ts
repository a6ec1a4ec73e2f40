import { Arg, Args, Ctx, FieldResolver, ID, Int, Query, Resolver, Root } from 'type-graphql';
import type { Context } from '../context.ts';
import { me } from '../domain/accounts/me.ts';
import type { IdentityView } from '../domain/identities/identity-view.ts';
import type { Metadata } from '../domain/metadata/rules.ts';
import type { SessionPage } from '../domain/sessions/list-sessions.ts';
import type { UserView } from '../domain/users/user-view.ts';
import { AuthIdentityType } from './identities.types.ts';
import { JSONObject } from './json-object.ts';
import { PageArgs } from './paging.types.ts';
import { AuthSessionConnectionType } from './sessions.types.ts';
import { loadUsers } from './user.reference.ts';
import {
  adminMetadataOf,
  hasPassword,
  passkeyCount,
  publicMetadataOf,
  recoveryCodesOf,
  sessionsOf,
} from './user-details.ts';
import { userIdentities } from './user-identities.ts';
import { UserType } from './users.types.ts';

@Resolver(() => UserType)
export class UsersResolver {
  @Query(() => UserType, {
    nullable: true,
    description:
      'The signed-in user; null for a caller without a token. An expired or forged token is an ' +
      'UNAUTHENTICATED error, not null.',
  })
  me(@Ctx() ctx: Context): Promise<UserView | null> {
    return me(ctx);
  }

  @Query(() => [UserType], {
    nullable: 'items',
    description:
      'For gateways (service credential) and admins: one row per id, in order, null where there ' +
      'is none. At most 100.',
  })
  usersByIds(
    @Arg('ids', () => [ID], { description: 'Ids of users, duplicates too.' }) ids: string[],
    @Ctx() ctx: Context,
  ): Promise<(UserView | null)[]> {
    return loadUsers(ctx, { path: 'ids', ids });
  }

  @FieldResolver(() => Int, {
    nullable: true,
    description: 'How many passkeys the user has. Seen by the user and by admins.',
  })
  passkeyCount(@Root() user: UserView, @Ctx() ctx: Context): Promise<number | null> {
    return passkeyCount(ctx, user);
  }

  @FieldResolver(() => [AuthIdentityType], {
    nullable: true,
    description: 'The linked accounts at other providers. Seen by the user and by admins.',
  })
  identities(@Root() user: UserView, @Ctx() ctx: Context): Promise<IdentityView[] | null> {
    return userIdentities(ctx, user);
  }

  @FieldResolver(() => Boolean, {
    nullable: true,
    description: 'Whether the user has a password. Seen by the user and by admins.',
  })
  hasPassword(@Root() user: UserView, @Ctx() ctx: Context): Promise<boolean | null> {
    return hasPassword(ctx, user);
  }

  @FieldResolver(() => Int, {
    nullable: true,
    description: 'Recovery codes that are not used yet. Seen by the user and by admins.',
  })
  recoveryCodesLeft(@Root() user: UserView, @Ctx() ctx: Context): Promise<number | null> {
    return recoveryCodesOf(ctx, user);
  }

  @FieldResolver(() => JSONObject, {
    nullable: true,
    description:
      'What the operator keeps with the user for its apps; written by admins, 8 kB at most. Seen ' +
      'by the user, by admins, and by a gateway that GATEWAY_USER_FIELDS opens it to.',
  })
  publicMetadata(@Root() user: UserView, @Ctx() ctx: Context): Promise<Metadata | null> {
    return publicMetadataOf(ctx, user);
  }

  @FieldResolver(() => JSONObject, {
    nullable: true,
    description:
      'What administrators keep with the user for themselves, 8 kB at most. Seen by admins, and ' +
      'by a gateway that GATEWAY_USER_FIELDS opens it to. It is personal data: the export has it.',
  })
  adminMetadata(@Root() user: UserView, @Ctx() ctx: Context): Promise<Metadata | null> {
    return adminMetadataOf(ctx, user);
  }

  @FieldResolver(() => AuthSessionConnectionType, {
    nullable: true,
    description:
      'The devices that are signed in, the newest first. Seen by admins; for your own ask ' +
      '`account`.',
  })
  sessions(
    @Root() user: UserView,
    @Args(() => PageArgs) page: PageArgs,
    @Ctx() ctx: Context,
  ): Promise<SessionPage | null> {
    return sessionsOf(ctx, user, page);
  }
}
