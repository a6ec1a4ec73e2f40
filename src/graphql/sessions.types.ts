import { Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import { AuthAcceptedType } from './errors.types.ts';
import { AuthPageInfoType } from './paging.types.ts';
import { resultUnion } from './unions.ts';

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
    description: 'The provider that vouched, where one did: the id of an AuthIdentityProvider.',
  })
  identityProvider: string | null;

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
    description:
      'Ends every session of the user; takes a recent proof of who asks. Without one it ends ' +
      'the own session alone, and the answer is STEP_UP_REQUIRED.',
  })
  everywhere?: boolean | null;
}

@InputType({ description: 'Input of `revokeSession`.' })
export class RevokeSessionInput {
  @Field(() => ID, { description: 'One of the sessions that `account` lists.' })
  sessionId: string;
}

export const LogoutResult = resultUnion('LogoutResult', 'What `logout` answers.', () => [
  AuthAcceptedType,
]);
export const RevokeSessionResult = resultUnion(
  'RevokeSessionResult',
  'What `revokeSession` answers.',
  () => [AuthAcceptedType],
);
