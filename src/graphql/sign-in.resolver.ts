import { Arg, Ctx, Mutation, Query, Resolver } from 'type-graphql';
import type { Context } from '../context.ts';
import type { OtpChallenge } from '../domain/otp/challenge-view.ts';
import type { PasskeyChallenge } from '../domain/passkeys/begin-ceremony.ts';
import { type AuthOptions, authOptions } from '../domain/sign-in/auth-options.ts';
import type { AuthTokens } from '../domain/sign-in/hand-over-tokens.ts';
import { login } from '../domain/sign-in/login.ts';
import { reauthenticate } from '../domain/sign-in/reauthenticate.ts';
import { refreshSession } from '../domain/sign-in/refresh-session.ts';
import { register } from '../domain/sign-in/register.ts';
import { requestLoginCode } from '../domain/sign-in/request-login-code.ts';
import { requestPasskeyLogin } from '../domain/sign-in/request-passkey-login.ts';
import { verifyLink } from '../domain/sign-in/verify-link.ts';
import { verifyOtp } from '../domain/sign-in/verify-otp.ts';
import { verifyPasskey } from '../domain/sign-in/verify-passkey.ts';
import {
  RequestPasskeyLoginInput,
  RequestPasskeyLoginResult,
  VerifyPasskeyInput,
} from './passkeys.types.ts';
import {
  AuthOptionsType,
  LoginInput,
  LoginResult,
  ReauthenticateInput,
  ReauthenticateResult,
  RefreshSessionInput,
  RefreshSessionResult,
  RegisterInput,
  RegisterResult,
  RequestLoginCodeInput,
  RequestLoginCodeResult,
  VerifyLinkInput,
  VerifyLinkResult,
  VerifyOtpInput,
  VerifyOtpResult,
  VerifyPasskeyResult,
} from './sign-in.types.ts';

@Resolver()
export class SignInResolver {
  @Query(() => AuthOptionsType, {
    description: 'What a sign-in page needs to know before anyone has signed in.',
  })
  authOptions(@Ctx() ctx: Context): Promise<AuthOptions> {
    return authOptions(ctx);
  }

  @Mutation(() => RegisterResult, {
    description:
      'Begins an account. A code goes to the address; verifyOtp completes it. The answer is the ' +
      'same for a taken address, whose owner gets a notice.',
  })
  register(
    @Arg('input', () => RegisterInput, { description: 'Address, password, name.' })
    input: RegisterInput,
    @Ctx() ctx: Context,
  ): Promise<OtpChallenge> {
    return register(ctx, input);
  }

  @Mutation(() => LoginResult, {
    description:
      'Signs in with a password. With a second factor set up, a challenge follows; also, for a ' +
      'code mailed to the address, after too many wrong passwords in a row (docs/security.md).',
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

  @Mutation(() => VerifyOtpResult, {
    description: 'Meets a challenge from register, login, requestLoginCode or reauthenticate.',
  })
  verifyOtp(
    @Arg('input', () => VerifyOtpInput, { description: 'The challenge and the code.' })
    input: VerifyOtpInput,
    @Ctx() ctx: Context,
  ): Promise<AuthTokens | OtpChallenge> {
    return verifyOtp(ctx, input);
  }

  @Mutation(() => VerifyLinkResult, {
    description:
      'Meets a challenge by the token that stands behind `#token=` in the mail’s link, which no ' +
      'one but the mailbox’s owner has: wrong codes of others cannot use it up. Where the device ' +
      'that began shows its `challengeId`, or the person types the `password` of the ' +
      'registration once more, a registration is completed as it was begun; without either the ' +
      'address is proved and the account opened without the password and name that the ' +
      'registration asked for, and the page asks for a password (`changePassword`, with none at ' +
      'present).',
  })
  verifyLink(
    @Arg('input', () => VerifyLinkInput, { description: 'The token of the link.' })
    input: VerifyLinkInput,
    @Ctx() ctx: Context,
  ): Promise<AuthTokens | OtpChallenge> {
    return verifyLink(ctx, input);
  }

  @Mutation(() => RequestPasskeyLoginResult, {
    description:
      "Begins a sign-in with a passkey, without an address; for the browser's autofill too.",
  })
  requestPasskeyLogin(
    @Arg('input', () => RequestPasskeyLoginInput, { description: 'What the page expects.' })
    input: RequestPasskeyLoginInput,
    @Ctx() ctx: Context,
  ): Promise<PasskeyChallenge> {
    return requestPasskeyLogin(ctx, input);
  }

  @Mutation(() => VerifyPasskeyResult, {
    description: 'Meets a sign-in, a second step or a step-up, as verifyOtp does with codes.',
  })
  verifyPasskey(
    @Arg('input', () => VerifyPasskeyInput, {
      description: "The ceremony and the browser's answer.",
    })
    input: VerifyPasskeyInput,
    @Ctx() ctx: Context,
  ): Promise<AuthTokens | OtpChallenge> {
    return verifyPasskey(ctx, input);
  }

  @Mutation(() => RefreshSessionResult, {
    description:
      'Trades a refresh token for the next one and a new access token. Asked twice within the ' +
      'grace window, it answers the same.',
  })
  refreshSession(
    @Arg('input', () => RefreshSessionInput, {
      description: 'The refresh token, unless it is in the cookie.',
    })
    input: RefreshSessionInput,
    @Ctx() ctx: Context,
  ): Promise<AuthTokens> {
    return refreshSession(ctx, input);
  }

  @Mutation(() => ReauthenticateResult, {
    description:
      'Step-up: the password proves the caller again; with a second factor enrolled, a challenge ' +
      'follows. Without a password, an e-mailed code, or a passkey. The tokens are of a new ' +
      'session, and the one that asked ends.',
  })
  reauthenticate(
    @Arg('input', () => ReauthenticateInput, { description: 'The password, where there is one.' })
    input: ReauthenticateInput,
    @Ctx() ctx: Context,
  ): Promise<AuthTokens | OtpChallenge> {
    return reauthenticate(ctx, input);
  }
}
