import { Arg, Ctx, Mutation, Resolver } from 'type-graphql';
import type { Context } from '../context.ts';
import type { OtpChallenge } from '../domain/otp/challenge-view.ts';
import { resendOtp } from '../domain/otp/resend-otp.ts';
import type { AuthTokens } from '../domain/sign-in/hand-over-tokens.ts';
import { verifyOtp } from '../domain/sign-in/verify-otp.ts';
import { ResendOtpInput, ResendOtpResult, VerifyOtpInput, VerifyOtpResult } from './otp.types.ts';

@Resolver()
export class OtpResolver {
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

  @Mutation(() => ResendOtpResult, {
    description:
      'Sends a new code in place of the old one. Wrong tries stay counted; thirty seconds have to lie between two codes.',
  })
  resendOtp(
    @Arg('input', () => ResendOtpInput, { description: 'The challenge.' }) input: ResendOtpInput,
    @Ctx() ctx: Context,
  ): Promise<OtpChallenge> {
    return resendOtp(ctx, input);
  }
}
