import { Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import { OtpMethod, TokenDelivery } from './enums.ts';
import { AuthIdentityProviderType } from './identities.types.ts';
import { OtpChallengeType } from './otp.types.ts';
import { AuthSessionType } from './sessions.types.ts';
import { resultUnion } from './unions.ts';
import { UserType } from './users.types.ts';

@ObjectType('AuthOptions', {
  description: 'What a sign-in page needs to know before anyone has signed in.',
})
export class AuthOptionsType {
  @Field(() => Boolean, { description: 'Whether anyone may register, or only who is invited.' })
  registrationOpen: boolean;

  @Field(() => Int, { description: 'Characters that a password has at least.' })
  passwordMinLength: number;

  @Field(() => Int, { description: 'Digits of an e-mailed code.' })
  otpLength: number;

  @Field(() => Boolean, { description: 'Whether the server takes passkeys.' })
  passkeys: boolean;

  @Field(() => [AuthIdentityProviderType], {
    description: "The other providers that one may sign in with, in the operator's order.",
  })
  identityProviders: readonly AuthIdentityProviderType[];
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

@InputType({ description: 'Input of `register`.' })
export class RegisterInput {
  @Field(() => String, { description: 'One e-mail address; a code goes there.' })
  email: string;

  @Field(() => String, {
    description:
      'Any characters, spaces too. Length and strength count, not the kinds of characters.',
  })
  password: string;

  @Field(() => String, {
    nullable: true,
    description: 'The name that the user goes by, 100 characters at most.',
  })
  name?: string | null;
}

@InputType({ description: 'Input of `login`.' })
export class LoginInput {
  @Field(() => String, { description: 'The address of the account.' })
  email: string;

  @Field(() => String, { description: 'The password.' })
  password: string;

  @Field(() => TokenDelivery, {
    nullable: true,
    defaultValue: 'BODY',
    description: 'How the refresh token comes back.',
  })
  tokenDelivery?: keyof typeof TokenDelivery | null;
}

@InputType({ description: 'Input of `requestLoginCode`.' })
export class RequestLoginCodeInput {
  @Field(() => String, { description: 'The address of the account.' })
  email: string;
}

@InputType({ description: 'Input of `verifyOtp`.' })
export class VerifyOtpInput {
  @Field(() => ID, { description: 'The id of the OtpChallenge.' })
  challengeId: string;

  @Field(() => String, { description: 'As the person typed it; spaces and hyphens do not matter.' })
  code: string;

  @Field(() => OtpMethod, {
    nullable: true,
    description:
      'May be left out where the challenge offers one method only, or the code’s shape tells.',
  })
  method?: keyof typeof OtpMethod | null;

  @Field(() => TokenDelivery, {
    nullable: true,
    defaultValue: 'BODY',
    description: 'How the refresh token comes back.',
  })
  tokenDelivery?: keyof typeof TokenDelivery | null;
}

@InputType({ description: 'Input of `verifyLink`.' })
export class VerifyLinkInput {
  @Field(() => String, { description: 'What stands behind `#token=` in the link.' })
  token: string;

  @Field(() => ID, {
    nullable: true,
    description:
      'The id of the OtpChallenge, where this device began the registration: it is then ' +
      'completed as it was begun.',
  })
  challengeId?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      'The password of the registration, typed once more where another device began it: it is ' +
      'then completed as it was begun.',
  })
  password?: string | null;

  @Field(() => TokenDelivery, {
    nullable: true,
    defaultValue: 'BODY',
    description: 'How the refresh token comes back.',
  })
  tokenDelivery?: keyof typeof TokenDelivery | null;
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

@InputType({ description: 'Input of `reauthenticate`.' })
export class ReauthenticateInput {
  @Field(() => String, {
    nullable: true,
    description:
      'The password. Left out by one who has none or steps up with a passkey: a code is mailed ' +
      'then.',
  })
  password?: string | null;

  @Field(() => TokenDelivery, {
    nullable: true,
    defaultValue: 'BODY',
    description: 'How the new refresh token comes back.',
  })
  tokenDelivery?: keyof typeof TokenDelivery | null;
}

export const RegisterResult = resultUnion('RegisterResult', 'What `register` answers.', () => [
  OtpChallengeType,
]);
export const LoginResult = resultUnion('LoginResult', 'What `login` answers.', () => [
  AuthTokensType,
  OtpChallengeType,
]);
export const RequestLoginCodeResult = resultUnion(
  'RequestLoginCodeResult',
  'What `requestLoginCode` answers.',
  () => [OtpChallengeType],
);
export const VerifyOtpResult = resultUnion('VerifyOtpResult', 'What `verifyOtp` answers.', () => [
  AuthTokensType,
  OtpChallengeType,
]);
export const VerifyLinkResult = resultUnion(
  'VerifyLinkResult',
  'What `verifyLink` answers.',
  () => [AuthTokensType, OtpChallengeType],
);
export const VerifyPasskeyResult = resultUnion(
  'VerifyPasskeyResult',
  'What `verifyPasskey` answers.',
  () => [AuthTokensType, OtpChallengeType],
);
export const CompleteIdentityLoginResult = resultUnion(
  'CompleteIdentityLoginResult',
  'What `completeIdentityLogin` answers.',
  () => [AuthTokensType, OtpChallengeType],
);
export const LoginWithIdTokenResult = resultUnion(
  'LoginWithIdTokenResult',
  'What `loginWithIdToken` answers.',
  () => [AuthTokensType, OtpChallengeType],
);
export const RefreshSessionResult = resultUnion(
  'RefreshSessionResult',
  'What `refreshSession` answers.',
  () => [AuthTokensType],
);
export const ReauthenticateResult = resultUnion(
  'ReauthenticateResult',
  'What `reauthenticate` answers.',
  () => [AuthTokensType, OtpChallengeType],
);
