import { Arg, Ctx, Mutation, Resolver } from 'type-graphql';
import type { Context } from '../context.ts';
import type { AuthTokens } from '../domain/sessions/hand-over-tokens.ts';
import { type Accepted, logout } from '../domain/sessions/logout.ts';
import { refreshSession } from '../domain/sessions/refresh-session.ts';
import { LogoutInput, LogoutResult, RefreshSessionInput, RefreshSessionResult } from './sessions.types.ts';

@Resolver()
export class SessionsResolver {
  @Mutation(() => RefreshSessionResult, {
    description:
      'Trades a refresh token for the next one and a new access token. Asked twice within the grace window, it answers the same.',
  })
  refreshSession(
    @Arg('input', () => RefreshSessionInput, { description: 'The refresh token, unless it is in the cookie.' })
    input: RefreshSessionInput,
    @Ctx() ctx: Context,
  ): Promise<AuthTokens> {
    return refreshSession(ctx, input);
  }

  @Mutation(() => LogoutResult, {
    description: 'Ends the session at once. Idempotent; works with an expired access token.',
  })
  logout(
    @Arg('input', () => LogoutInput, { description: 'Which session, and whether all.' }) input: LogoutInput,
    @Ctx() ctx: Context,
  ): Promise<Accepted> {
    return logout(ctx, input);
  }
}
