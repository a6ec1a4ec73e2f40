import { Arg, Ctx, Mutation, Resolver } from 'type-graphql';
import type { Context } from '../context.ts';
import type { OtpChallenge } from '../domain/otp/challenge-view.ts';
import { resendOtp } from '../domain/otp/resend-otp.ts';
import { ResendOtpInput, ResendOtpResult } from './otp.types.ts';

@Resolver()
export class OtpResolver {
  @Mutation(() => ResendOtpResult, {
    description:
      'Sends a new code in place of the old one. Wrong tries stay counted; thirty seconds have ' +
      'to lie between two codes.',
  })
  resendOtp(
    @Arg('input', () => ResendOtpInput, { description: 'The challenge.' }) input: ResendOtpInput,
    @Ctx() ctx: Context,
  ): Promise<OtpChallenge> {
    return resendOtp(ctx, input);
  }
}
