import type { Context } from '../../context.ts';
import { codeLength } from '../otp/code.ts';

export type AuthOptions = {
  readonly registrationOpen: boolean;
  readonly passwordMinLength: number;
  readonly otpLength: number;
  readonly passkeys: boolean;
};

/** What a sign-in page needs to know before a user has signed in. */
export async function authOptions(ctx: Context): Promise<AuthOptions> {
  return {
    registrationOpen: ctx.config.registration === 'open',
    passwordMinLength: ctx.config.passwordMinLength,
    otpLength: codeLength,
    passkeys: ctx.config.passkeys.enabled,
  };
}
