import { Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import { TokenDelivery } from './enums.ts';
import { AuthAcceptedType } from './errors.types.ts';
import { OtpChallengeType } from './otp.types.ts';
import { AuthPageInfoType } from './paging.types.ts';
import { resultUnion } from './unions.ts';
import { UserType } from './users.types.ts';

@ObjectType('AuthSession', { description: 'A signed-in device.' })
export class AuthSessionType {
  @Field(() => ID, { description: 'Also the `sid` claim of its access tokens.' })
  id: string;

  @Field(() => Date, { description: 'When it began.' })
  createdAt: Date;

  @Field(() => Date, { description: 'When it was last refreshed, or began.' })
  lastUsedAt: Date;

  @Field(() => Date, { description: 'When it ends at the latest, however much it is used.' })
  expiresAt: Date;

  @Field(() => Date, { description: 'When the user last proved who they are in this session.' })
  authenticatedAt: Date;

  @Field(() => [String], { description: 'How: pwd, otp, mfa, hwk ... (RFC 8176).' })
  methods: string[];

  @Field(() => String, {
    nullable: true,
    description: 'The network where it began: `203.0.113.0/24`, `2001:db8:7::/48`.',
  })
  ipAddress: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Browser and system, read from the User-Agent: `Firefox on Linux`.',
  })
  device: string | null;

  @Field(() => Boolean, { description: 'Whether it is the one that asks.' })
  current: boolean;
}

@ObjectType('AuthSessionEdge', { description: 'A session in a list.' })
export class AuthSessionEdgeType {
  @Field(() => String, { description: 'For `after`.' })
  cursor: string;

  @Field(() => AuthSessionType, { description: 'The session.' })
  node: AuthSessionType;
}

@ObjectType('AuthSessionConnection', { description: 'A page of sessions, the newest first.' })
export class AuthSessionConnectionType {
  @Field(() => [AuthSessionEdgeType], { description: 'The sessions of the page.' })
  edges: readonly AuthSessionEdgeType[];

  @Field(() => AuthPageInfoType, { description: 'What lies before and after.' })
  pageInfo: AuthPageInfoType;

  @Field(() => Int, { description: 'Of all pages.' })
  totalCount: number;
}

@ObjectType('AuthTokens', {
  description: 'A pair of tokens for a session that has just begun or been refreshed.',
})
export class AuthTokensType {
  @Field(() => String, { description: 'A JWT, for the header `Authorization: Bearer …`.' })
  accessToken: string;

  @Field(() => Date, { description: 'When the access token expires. Refresh a little before.' })
  accessTokenExpiresAt: Date;

  @Field(() => String, {
    nullable: true,
    description: 'Null when tokenDelivery is COOKIE: the token is then in an HttpOnly cookie only.',
  })
  refreshToken: string | null;

  @Field(() => Date, { description: 'When the session ends unless it is refreshed before.' })
  refreshTokenExpiresAt: Date;

  @Field(() => AuthSessionType, { description: 'The session that the tokens belong to.' })
  session: AuthSessionType;

  @Field(() => UserType, { description: 'Who has signed in.' })
  user: UserType;
}

@InputType({ description: 'Input of `refreshSession`.' })
export class RefreshSessionInput {
  @Field(() => String, { nullable: true, description: 'Left out in cookie mode.' })
  refreshToken?: string | null;

  @Field(() => TokenDelivery, {
    nullable: true,
    defaultValue: 'BODY',
    description: 'How the next refresh token comes back.',
  })
  tokenDelivery?: keyof typeof TokenDelivery | null;
}

@InputType({ description: 'Input of `logout`.' })
export class LogoutInput {
  @Field(() => String, {
    nullable: true,
    description: 'Names the session where no access token does. Left out in cookie mode.',
  })
  refreshToken?: string | null;

  @Field(() => Boolean, {
    nullable: true,
    defaultValue: false,
    description: 'Ends every session of the user; takes a recent proof of who asks.',
  })
  everywhere?: boolean | null;
}

@InputType({ description: 'Input of `revokeSession`.' })
export class RevokeSessionInput {
  @Field(() => ID, { description: 'One of the sessions that `account` lists.' })
  sessionId: string;
}

@InputType({ description: 'Input of `reauthenticate`.' })
export class ReauthenticateInput {
  @Field(() => String, {
    nullable: true,
    description: 'The password. Left out by an account that has none: a code is mailed then.',
  })
  password?: string | null;

  @Field(() => TokenDelivery, {
    nullable: true,
    defaultValue: 'BODY',
    description: 'How the new refresh token comes back.',
  })
  tokenDelivery?: keyof typeof TokenDelivery | null;
}

export const RefreshSessionResult = resultUnion(
  'RefreshSessionResult',
  'What `refreshSession` answers.',
  () => [AuthTokensType],
);
export const LogoutResult = resultUnion('LogoutResult', 'What `logout` answers.', () => [
  AuthAcceptedType,
]);
export const RevokeSessionResult = resultUnion(
  'RevokeSessionResult',
  'What `revokeSession` answers.',
  () => [AuthAcceptedType],
);
export const ReauthenticateResult = resultUnion(
  'ReauthenticateResult',
  'What `reauthenticate` answers.',
  () => [AuthTokensType, OtpChallengeType],
);
