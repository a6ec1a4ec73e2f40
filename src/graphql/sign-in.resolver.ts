import { Arg, Ctx, Mutation, Query, Resolver } from 'type-graphql';
import type { Context } from '../context.ts';
import type { OtpChallenge } from '../domain/otp/challenge-view.ts';
import { type AuthOptions, authOptions } from '../domain/sign-in/auth-options.ts';
import type { AuthTokens } from '../domain/sign-in/hand-over-tokens.ts';
import { login } from '../domain/sign-in/login.ts';
import { register } from '../domain/sign-in/register.ts';
import { requestLoginCode } from '../domain/sign-in/request-login-code.ts';
import {
  AuthOptionsType,
  LoginInput,
  LoginResult,
  RegisterInput,
  RegisterResult,
  RequestLoginCodeInput,
  RequestLoginCodeResult,
} from './sign-in.types.ts';

@Resolver()
export class AccountsResolver {
  @Query(() => AuthOptionsType, {
    description: 'What a sign-in page needs to know before anyone has signed in.',
  })
  authOptions(@Ctx() ctx: Context): Promise<AuthOptions> {
    return authOptions(ctx);
  }

  @Mutation(() => RegisterResult, {
    description:
      'Begins an account. A code goes to the address; verifyOtp completes it. The answer is the same for a taken address, whose owner gets a notice.',
  })
  register(
    @Arg('input', () => RegisterInput, { description: 'Address, password, name.' })
    input: RegisterInput,
    @Ctx() ctx: Context,
  ): Promise<OtpChallenge> {
    return register(ctx, input);
  }

  @Mutation(() => LoginResult, {
    description: 'Signs in with a password. With a second factor set up, a challenge follows.',
  })
  login(
    @Arg('input', () => LoginInput, { description: 'Address and password.' }) input: LoginInput,
    @Ctx() ctx: Context,
  ): Promise<AuthTokens | OtpChallenge> {
    return login(ctx, input);
  }

  @Mutation(() => RequestLoginCodeResult, {
    description: 'Sign-in without a password: a code and a link to the address.',
  })
  requestLoginCode(
    @Arg('input', () => RequestLoginCodeInput, { description: 'The address.' })
    input: RequestLoginCodeInput,
    @Ctx() ctx: Context,
  ): Promise<OtpChallenge> {
    return requestLoginCode(ctx, input);
  }
}
