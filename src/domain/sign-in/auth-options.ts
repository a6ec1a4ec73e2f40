import type { Context } from '../../context.ts';
import { type IdentityProviderView, viewProvider } from '../identities/identity-view.ts';
import { codeLength } from '../otp/code.ts';

export type AuthOptions = {
  readonly registrationOpen: boolean;
  readonly passwordMinLength: number;
  readonly otpLength: number;
  readonly passkeys: boolean;
  readonly identityProviders: IdentityProviderView[];
};

/** What a sign-in page needs to know before a user has signed in. */
export async function authOptions(ctx: Context): Promise<AuthOptions> {
  return {
    registrationOpen: ctx.config.registration === 'open',
    passwordMinLength: ctx.config.passwordMinLength,
    otpLength: codeLength,
    passkeys: ctx.config.passkeys.enabled,
    identityProviders: ctx.identityProviders.list().map(({ id }) => viewProvider(ctx, id)),
  };
}
