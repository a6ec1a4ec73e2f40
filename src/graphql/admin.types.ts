import { ArgsType, Field, ID, InputType, ObjectType } from 'type-graphql';
import type { UserPage } from '../domain/admin/list-users.ts';
import type { Metadata } from '../domain/metadata/rules.ts';
import { UserStatus } from './enums.ts';
import { AuthAcceptedType } from './errors.types.ts';
import { JSONObject } from './json-object.ts';
import { AuthPageInfoType, PageArgs } from './paging.types.ts';
import { resultUnion } from './unions.ts';
import { UserType } from './users.types.ts';

@ObjectType('UserEdge', { description: 'A user in a list.' })
export class UserEdgeType {
  @Field(() => String, { description: 'For `after`.' })
  cursor: string;

  @Field(() => UserType, { description: 'The user.' })
  node: UserType;
}

@ObjectType('UserConnection', { description: 'A page of users, the newest first.' })
export class UserConnectionType {
  @Field(() => [UserEdgeType], { description: 'The users of the page.' })
  edges: readonly UserEdgeType[];

  @Field(() => AuthPageInfoType, { description: 'What lies before and after.' })
  pageInfo: AuthPageInfoType;

  /** Not a GraphQL field: the filter that `totalCount` applies. */
  filter: UserPage['filter'];
}

@ArgsType()
export class UsersArgs extends PageArgs {
  @Field(() => String, {
    nullable: true,
    description: 'The start of the e-mail address or of the name; case does not matter.',
  })
  search?: string | null;

  @Field(() => UserStatus, { nullable: true, description: 'Only accounts in this state.' })
  status?: keyof typeof UserStatus | null;
}

@InputType({ description: 'Input of `createUser`.' })
export class CreateUserInput {
  @Field(() => String, { description: 'One e-mail address that has no account yet.' })
  email: string;

  @Field(() => String, {
    nullable: true,
    description: 'The name that the user goes by, 100 characters at most.',
  })
  name?: string | null;

  @Field(() => [String], {
    nullable: true,
    description: 'Roles as in `setUserRoles`; none unless given.',
  })
  roles?: string[] | null;

  @Field(() => Boolean, {
    nullable: true,
    defaultValue: true,
    description: 'Whether a link to choose a password is mailed, good for 24 hours.',
  })
  sendInvitation?: boolean | null;

  @Field(() => String, { nullable: true, description: 'The language of mails, such as `fr`.' })
  locale?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Why, for the audit trail; 200 characters at most. Name no person in it.',
  })
  reason?: string | null;
}

@InputType({ description: 'Input of `deleteUser`.' })
export class DeleteUserInput {
  @Field(() => ID, { description: 'Whom. There is no way back.' })
  userId: string;

  @Field(() => String, {
    nullable: true,
    description: 'Why, for the audit trail; 200 characters at most. Name no person in it.',
  })
  reason?: string | null;
}

@InputType({ description: 'Input of `suspendUser`.' })
export class SuspendUserInput {
  @Field(() => ID, { description: 'Whom.' })
  userId: string;

  @Field(() => Date, {
    nullable: true,
    description:
      'The account opens again by itself at this time, five years ahead at most. Without it, ' +
      'once an administrator reinstates the user.',
  })
  until?: Date | null;

  @Field(() => String, {
    nullable: true,
    description: 'Why, for the audit trail; 200 characters at most. Name no person in it.',
  })
  reason?: string | null;
}

@InputType({ description: 'Input of `reinstateUser`.' })
export class ReinstateUserInput {
  @Field(() => ID, { description: 'Whom.' })
  userId: string;

  @Field(() => String, {
    nullable: true,
    description: 'Why, for the audit trail; 200 characters at most. Name no person in it.',
  })
  reason?: string | null;
}

@InputType({ description: 'Input of `setUserRoles`.' })
export class SetUserRolesInput {
  @Field(() => ID, { description: 'Whom.' })
  userId: string;

  @Field(() => [String], {
    description:
      'All the roles that the user has from now on, 20 at most: a-z, 0-9, colon, hyphen, ' +
      'underscore, 40 characters each.',
  })
  roles: string[];

  @Field(() => String, {
    nullable: true,
    description: 'Why, for the audit trail; 200 characters at most. Name no person in it.',
  })
  reason?: string | null;
}

@InputType({
  description:
    'Input of `setUserMetadata`. What is left out stays as it is, object by object and key by key.',
})
export class SetUserMetadataInput {
  @Field(() => ID, { description: 'Whose.' })
  userId: string;

  @Field(() => JSONObject, {
    nullable: true,
    description:
      'Keys to be set; null takes one away, and null in place of all keys does nothing. 8 kB in ' +
      'all, 5 levels, 100 keys an object, 64 characters a key.',
  })
  publicMetadata?: Metadata | null;

  @Field(() => JSONObject, { nullable: true, description: 'The same for `adminMetadata`.' })
  adminMetadata?: Metadata | null;

  @Field(() => String, {
    nullable: true,
    description: 'Why, for the audit trail; 200 characters at most. Name no person in it.',
  })
  reason?: string | null;
}

@InputType({ description: 'Input of `revokeUserSessions`.' })
export class RevokeUserSessionsInput {
  @Field(() => ID, { description: 'Whose.' })
  userId: string;

  @Field(() => String, {
    nullable: true,
    description: 'Why, for the audit trail; 200 characters at most. Name no person in it.',
  })
  reason?: string | null;
}

@InputType({ description: 'Input of `revokeUserSession`.' })
export class RevokeUserSessionInput {
  @Field(() => ID, { description: 'Whose.' })
  userId: string;

  @Field(() => ID, { description: 'Which: one of `User.sessions`.' })
  sessionId: string;

  @Field(() => String, {
    nullable: true,
    description: 'Why, for the audit trail; 200 characters at most. Name no person in it.',
  })
  reason?: string | null;
}

@InputType({ description: 'Input of `resetUserPassword`.' })
export class ResetUserPasswordInput {
  @Field(() => ID, { description: 'Whose.' })
  userId: string;

  @Field(() => String, {
    description: 'Why, for the audit trail; 200 characters at most. Name no person in it.',
  })
  reason: string;
}

@InputType({ description: 'Input of `resetUserFactors`.' })
export class ResetUserFactorsInput {
  @Field(() => ID, { description: 'Whose.' })
  userId: string;

  @Field(() => String, {
    description: 'Why, for the audit trail; 200 characters at most. Name no person in it.',
  })
  reason: string;
}

export const SuspendUserResult = resultUnion(
  'SuspendUserResult',
  'What `suspendUser` answers.',
  () => [UserType],
);
export const ReinstateUserResult = resultUnion(
  'ReinstateUserResult',
  'What `reinstateUser` answers.',
  () => [UserType],
);
export const SetUserRolesResult = resultUnion(
  'SetUserRolesResult',
  'What `setUserRoles` answers.',
  () => [UserType],
);
export const SetUserMetadataResult = resultUnion(
  'SetUserMetadataResult',
  'What `setUserMetadata` answers.',
  () => [UserType],
);
export const RevokeUserSessionsResult = resultUnion(
  'RevokeUserSessionsResult',
  'What `revokeUserSessions` answers.',
  () => [AuthAcceptedType],
);
export const RevokeUserSessionResult = resultUnion(
  'RevokeUserSessionResult',
  'What `revokeUserSession` answers.',
  () => [AuthAcceptedType],
);
export const ResetUserPasswordResult = resultUnion(
  'ResetUserPasswordResult',
  'What `resetUserPassword` answers.',
  () => [AuthAcceptedType],
);
export const ResetUserFactorsResult = resultUnion(
  'ResetUserFactorsResult',
  'What `resetUserFactors` answers.',
  () => [AuthAcceptedType],
);
export const CreateUserResult = resultUnion(
  'CreateUserResult',
  'What `createUser` answers.',
  () => [UserType],
);
export const DeleteUserResult = resultUnion(
  'DeleteUserResult',
  'What `deleteUser` answers.',
  () => [AuthAcceptedType],
);
