import {
  Arg,
  Args,
  Ctx,
  FieldResolver,
  ID,
  Int,
  Mutation,
  Query,
  Resolver,
  Root,
} from 'type-graphql';
import type { Context } from '../context.ts';
import type { Accepted } from '../domain/accepted.ts';
import { createUser } from '../domain/admin/create-user.ts';
import { deleteUser } from '../domain/admin/delete-user.ts';
import { findUser } from '../domain/admin/find-user.ts';
import { listAdministrators } from '../domain/admin/list-administrators.ts';
import { type AdminAuditEvent, listAuditEvents } from '../domain/admin/list-audit-events.ts';
import { countListedUsers, listUsers, type UserPage } from '../domain/admin/list-users.ts';
import { reinstateUser } from '../domain/admin/reinstate-user.ts';
import { resetUserFactors } from '../domain/admin/reset-user-factors.ts';
import { resetUserPassword } from '../domain/admin/reset-user-password.ts';
import { revokeUserSession } from '../domain/admin/revoke-user-session.ts';
import { revokeUserSessions } from '../domain/admin/revoke-user-sessions.ts';
import { setUserMetadata } from '../domain/admin/set-user-metadata.ts';
import { setUserRoles } from '../domain/admin/set-user-roles.ts';
import { suspendUser } from '../domain/admin/suspend-user.ts';
import type { Page } from '../domain/paging.ts';
import type { UserView } from '../domain/users/user-view.ts';
import {
  CreateUserInput,
  CreateUserResult,
  DeleteUserInput,
  DeleteUserResult,
  ReinstateUserInput,
  ReinstateUserResult,
  ResetUserFactorsInput,
  ResetUserFactorsResult,
  ResetUserPasswordInput,
  ResetUserPasswordResult,
  RevokeUserSessionInput,
  RevokeUserSessionResult,
  RevokeUserSessionsInput,
  RevokeUserSessionsResult,
  SetUserMetadataInput,
  SetUserMetadataResult,
  SetUserRolesInput,
  SetUserRolesResult,
  SuspendUserInput,
  SuspendUserResult,
  UserConnectionType,
  UsersArgs,
} from './admin.types.ts';
import { AuditEventConnectionType, AuditEventsArgs } from './audit.types.ts';
import { UserType } from './users.types.ts';

/** Administration. domain/admin checks the permission; each mutation writes an audit event. */
@Resolver(() => UserConnectionType)
export class AdminResolver {
  @Query(() => UserConnectionType, {
    description:
      'Admins with a second factor only, as is the next. The newest users first. `search` ' +
      'matches the start of e-mail or name.',
  })
  users(@Args(() => UsersArgs) args: UsersArgs, @Ctx() ctx: Context): Promise<UserPage> {
    return listUsers(ctx, args);
  }

  @FieldResolver(() => Int, {
    description: 'Of all pages; an estimate past 10,000. Counted only where it is asked for.',
  })
  totalCount(@Root() page: UserPage, @Ctx() ctx: Context): Promise<number> {
    return countListedUsers(ctx, page);
  }

  @Query(() => UserType, { nullable: true, description: 'One user; null where there is none.' })
  user(
    @Arg('id', () => ID, { description: 'Whom.' }) id: string,
    @Ctx() ctx: Context,
  ): Promise<UserView | null> {
    return findUser(ctx, { id });
  }

  @Query(() => [UserType], {
    description:
      'Everyone with the role `admin`, the oldest account first, 200 at most. Admins with a ' +
      'second factor only, as are the next three.',
  })
  administrators(@Ctx() ctx: Context): Promise<UserView[]> {
    return listAdministrators(ctx);
  }

  @Query(() => AuditEventConnectionType, { description: 'What happened, the newest first.' })
  auditEvents(
    @Args(() => AuditEventsArgs) args: AuditEventsArgs,
    @Ctx() ctx: Context,
  ): Promise<Page<AdminAuditEvent>> {
    return listAuditEvents(ctx, args);
  }

  @Mutation(() => CreateUserResult, {
    description:
      'Makes an account and mails its owner a link to choose a password. Nobody can sign in ' +
      'before the mailbox is proved. Admins, with a recent step-up.',
  })
  createUser(
    @Arg('input', () => CreateUserInput, { description: 'Whose, and with which roles.' })
    input: CreateUserInput,
    @Ctx() ctx: Context,
  ): Promise<UserView> {
    return createUser(ctx, input);
  }

  @Mutation(() => SuspendUserResult, {
    description:
      'Closes an account to its owner and ends its sessions at once; again for a suspended one, ' +
      'it changes until when. Admins, with a recent step-up.',
  })
  suspendUser(
    @Arg('input', () => SuspendUserInput, { description: 'Whom, why, and until when.' })
    input: SuspendUserInput,
    @Ctx() ctx: Context,
  ): Promise<UserView> {
    return suspendUser(ctx, input);
  }

  @Mutation(() => ReinstateUserResult, {
    description:
      'Opens a suspended account again. Its old sessions stay ended. Admins, with a recent ' +
      'step-up.',
  })
  reinstateUser(
    @Arg('input', () => ReinstateUserInput, { description: 'Whom.' }) input: ReinstateUserInput,
    @Ctx() ctx: Context,
  ): Promise<UserView> {
    return reinstateUser(ctx, input);
  }

  @Mutation(() => SetUserRolesResult, {
    description:
      'Gives a user these roles and no others, from the next request on. The last admin keeps ' +
      'the role. Admins, with a recent step-up.',
  })
  setUserRoles(
    @Arg('input', () => SetUserRolesInput, { description: 'Whom, and which.' })
    input: SetUserRolesInput,
    @Ctx() ctx: Context,
  ): Promise<UserView> {
    return setUserRoles(ctx, input);
  }

  @Mutation(() => SetUserMetadataResult, {
    description: 'Changes what is kept with a user, key by key. Admins, with a recent step-up.',
  })
  setUserMetadata(
    @Arg('input', () => SetUserMetadataInput, { description: 'Whose, and what.' })
    input: SetUserMetadataInput,
    @Ctx() ctx: Context,
  ): Promise<UserView> {
    return setUserMetadata(ctx, input);
  }

  @Mutation(() => RevokeUserSessionsResult, {
    description: 'Signs a user out everywhere at once. Admins, with a recent step-up.',
  })
  revokeUserSessions(
    @Arg('input', () => RevokeUserSessionsInput, { description: 'Whose.' })
    input: RevokeUserSessionsInput,
    @Ctx() ctx: Context,
  ): Promise<Accepted> {
    return revokeUserSessions(ctx, input);
  }

  @Mutation(() => RevokeUserSessionResult, {
    description:
      'Signs a user out on one device at once. A session that has ended or is not theirs is ' +
      'NOT_FOUND. Admins, with a recent step-up.',
  })
  revokeUserSession(
    @Arg('input', () => RevokeUserSessionInput, { description: 'Whose, and which.' })
    input: RevokeUserSessionInput,
    @Ctx() ctx: Context,
  ): Promise<Accepted> {
    return revokeUserSession(ctx, input);
  }

  @Mutation(() => ResetUserPasswordResult, {
    description:
      'Takes the password of a user away, signs them out everywhere, and mails them a link to ' +
      'choose another. Nobody else gets the link. Admins, with a recent step-up.',
  })
  resetUserPassword(
    @Arg('input', () => ResetUserPasswordInput, { description: 'Whose, and why.' })
    input: ResetUserPasswordInput,
    @Ctx() ctx: Context,
  ): Promise<Accepted> {
    return resetUserPassword(ctx, input);
  }

  @Mutation(() => ResetUserFactorsResult, {
    description:
      'Removes the second factors, passkeys and linked accounts of a user who has lost them, and ' +
      'signs them out everywhere; they are told by mail. Admins, with a recent step-up.',
  })
  resetUserFactors(
    @Arg('input', () => ResetUserFactorsInput, { description: 'Whose, and why.' })
    input: ResetUserFactorsInput,
    @Ctx() ctx: Context,
  ): Promise<Accepted> {
    return resetUserFactors(ctx, input);
  }

  @Mutation(() => DeleteUserResult, {
    description:
      'Erases a user and all that is personal; the trail stays under random ids. The last admin ' +
      'stays. Admins, with a recent step-up.',
  })
  deleteUser(
    @Arg('input', () => DeleteUserInput, { description: 'Whom.' }) input: DeleteUserInput,
    @Ctx() ctx: Context,
  ): Promise<Accepted> {
    return deleteUser(ctx, input);
  }
}
