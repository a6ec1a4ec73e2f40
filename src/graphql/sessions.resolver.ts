import { Arg, Ctx, Mutation, Resolver } from 'type-graphql';
import type { Context } from '../context.ts';
import type { Accepted } from '../domain/accepted.ts';
import type { OtpChallenge } from '../domain/otp/challenge-view.ts';
import { logout } from '../domain/sessions/logout.ts';
import { revokeSession } from '../domain/sessions/revoke-session.ts';
import type { AuthTokens } from '../domain/sign-in/hand-over-tokens.ts';
import { reauthenticate } from '../domain/sign-in/reauthenticate.ts';
import { refreshSession } from '../domain/sign-in/refresh-session.ts';
import {
  LogoutInput,
  LogoutResult,
  ReauthenticateInput,
  ReauthenticateResult,
  RefreshSessionInput,
  RefreshSessionResult,
  RevokeSessionInput,
  RevokeSessionResult,
} from './sessions.types.ts';

@Resolver()
export class SessionsResolver {
  @Mutation(() => RefreshSessionResult, {
    description:
      'Trades a refresh token for the next one and a new access token. Asked twice within the grace window, it answers the same.',
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

  @Mutation(() => LogoutResult, {
    description: 'Ends the session at once. Idempotent; works with an expired access token.',
  })
  logout(
    @Arg('input', () => LogoutInput, { description: 'Which session, and whether all.' })
    input: LogoutInput,
    @Ctx() ctx: Context,
  ): Promise<Accepted> {
    return logout(ctx, input);
  }

  @Mutation(() => RevokeSessionResult, {
    description:
      "Ends one of your sessions at once. Takes a recent proof of who asks. Another user's session is NOT_FOUND.",
  })
  revokeSession(
    @Arg('input', () => RevokeSessionInput, { description: 'Which session.' })
    input: RevokeSessionInput,
    @Ctx() ctx: Context,
  ): Promise<Accepted> {
    return revokeSession(ctx, input);
  }

  @Mutation(() => ReauthenticateResult, {
    description:
      'Step-up: the password proves the caller again; with a second factor enrolled, a challenge follows. Without a password, an e-mailed code. The tokens are of a new session, and the one that asked ends.',
  })
  reauthenticate(
    @Arg('input', () => ReauthenticateInput, { description: 'The password, where there is one.' })
    input: ReauthenticateInput,
    @Ctx() ctx: Context,
  ): Promise<AuthTokens | OtpChallenge> {
    return reauthenticate(ctx, input);
  }
}
