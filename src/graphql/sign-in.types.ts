import { Field, InputType, Int, ObjectType } from 'type-graphql';
import { TokenDelivery } from './enums.ts';
import { OtpChallengeType } from './otp.types.ts';
import { AuthTokensType } from './sessions.types.ts';
import { resultUnion } from './unions.ts';

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
