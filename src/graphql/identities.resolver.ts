import { Arg, Ctx, Mutation, Resolver } from 'type-graphql';
import type { Context } from '../context.ts';
import type { Accepted } from '../domain/accepted.ts';
import { completeIdentityLink } from '../domain/accounts/complete-identity-link.ts';
import { startIdentityLink } from '../domain/accounts/start-identity-link.ts';
import { unlinkIdentity } from '../domain/accounts/unlink-identity.ts';
import { unlinkUserIdentity } from '../domain/admin/unlink-user-identity.ts';
import type { IdentityRedirect } from '../domain/identities/begin-flow.ts';
import type { IdentityView } from '../domain/identities/identity-view.ts';
import type { OtpChallenge } from '../domain/otp/challenge-view.ts';
import { completeIdentityLogin } from '../domain/sign-in/complete-identity-login.ts';
import type { AuthTokens } from '../domain/sign-in/hand-over-tokens.ts';
import { loginWithIdToken } from '../domain/sign-in/login-with-id-token.ts';
import {
  type IdTokenNonce,
  requestIdTokenNonce,
} from '../domain/sign-in/request-id-token-nonce.ts';
import { startIdentityLogin } from '../domain/sign-in/start-identity-login.ts';
import {
  CompleteIdentityLinkInput,
  CompleteIdentityLinkResult,
  CompleteIdentityLoginInput,
  LoginWithIdTokenInput,
  RequestIdTokenNonceInput,
  RequestIdTokenNonceResult,
  StartIdentityLinkInput,
  StartIdentityLinkResult,
  StartIdentityLoginInput,
  StartIdentityLoginResult,
  UnlinkIdentityInput,
  UnlinkIdentityResult,
  UnlinkUserIdentityInput,
  UnlinkUserIdentityResult,
} from './identities.types.ts';
import { CompleteIdentityLoginResult, LoginWithIdTokenResult } from './sign-in.types.ts';

/** Signing in by other providers. */
@Resolver()
export class IdentitiesResolver {
  @Mutation(() => StartIdentityLoginResult, {
    description:
      'Begins a sign-in by another provider. The browser goes to `url`, and comes back to ' +
      '`returnTo` with `#ticket=…`, or with `#error=PROVIDER_REFUSED`.',
  })
  startIdentityLogin(
    @Arg('input', () => StartIdentityLoginInput, {
      description: 'Which provider, and the way back.',
    })
    input: StartIdentityLoginInput,
    @Ctx() ctx: Context,
  ): Promise<IdentityRedirect> {
    return startIdentityLogin(ctx, input);
  }

  @Mutation(() => CompleteIdentityLoginResult, {
    description:
      'Completes it. Where the account is not linked yet, a code to its address follows; then, ' +
      'where one is set up, a second factor.',
  })
  completeIdentityLogin(
    @Arg('input', () => CompleteIdentityLoginInput, { description: 'The ticket and the verifier.' })
    input: CompleteIdentityLoginInput,
    @Ctx() ctx: Context,
  ): Promise<AuthTokens | OtpChallenge> {
    return completeIdentityLogin(ctx, input);
  }

  @Mutation(() => RequestIdTokenNonceResult, {
    description:
      "Begins a sign-in by an ID token, from a provider's SDK in a native app, One Tap or FedCM.",
  })
  requestIdTokenNonce(
    @Arg('input', () => RequestIdTokenNonceInput, { description: 'Which provider.' })
    input: RequestIdTokenNonceInput,
    @Ctx() ctx: Context,
  ): Promise<IdTokenNonce> {
    return requestIdTokenNonce(ctx, input);
  }

  @Mutation(() => LoginWithIdTokenResult, {
    description: 'Completes it, as `completeIdentityLogin` does.',
  })
  loginWithIdToken(
    @Arg('input', () => LoginWithIdTokenInput, { description: 'The nonce and the ID token.' })
    input: LoginWithIdTokenInput,
    @Ctx() ctx: Context,
  ): Promise<AuthTokens | OtpChallenge> {
    return loginWithIdToken(ctx, input);
  }

  @Mutation(() => StartIdentityLinkResult, {
    description:
      'Begins to link an account at another provider to the own one. Needs a recent step-up.',
  })
  startIdentityLink(
    @Arg('input', () => StartIdentityLinkInput, {
      description: 'Which provider, and the way back.',
    })
    input: StartIdentityLinkInput,
    @Ctx() ctx: Context,
  ): Promise<IdentityRedirect> {
    return startIdentityLink(ctx, input);
  }

  @Mutation(() => CompleteIdentityLinkResult, {
    description:
      'Links it, for the session that began; every other session ends, and the owner is told by ' +
      'mail. Needs a recent step-up.',
  })
  completeIdentityLink(
    @Arg('input', () => CompleteIdentityLinkInput, { description: 'The ticket and the verifier.' })
    input: CompleteIdentityLinkInput,
    @Ctx() ctx: Context,
  ): Promise<IdentityView> {
    return completeIdentityLink(ctx, input);
  }

  @Mutation(() => UnlinkIdentityResult, {
    description:
      'Takes a linked account away, but for the last way into the own one; every other session ' +
      'ends, and the owner is told by mail. Needs a recent step-up.',
  })
  unlinkIdentity(
    @Arg('input', () => UnlinkIdentityInput, { description: 'Which.' }) input: UnlinkIdentityInput,
    @Ctx() ctx: Context,
  ): Promise<Accepted> {
    return unlinkIdentity(ctx, input);
  }

  @Mutation(() => UnlinkUserIdentityResult, {
    description:
      'Takes a linked account away from a user, even the last way in, and signs them out ' +
      'everywhere; they are told by mail. Admins, with a recent step-up.',
  })
  unlinkUserIdentity(
    @Arg('input', () => UnlinkUserIdentityInput, { description: 'Whose, which, and why.' })
    input: UnlinkUserIdentityInput,
    @Ctx() ctx: Context,
  ): Promise<Accepted> {
    return unlinkUserIdentity(ctx, input);
  }
}
