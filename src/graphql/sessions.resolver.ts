import { Arg, Ctx, Mutation, Resolver } from 'type-graphql';
import type { Context } from '../context.ts';
import type { Accepted } from '../domain/accepted.ts';
import { logout } from '../domain/sessions/logout.ts';
import { revokeSession } from '../domain/sessions/revoke-session.ts';
import {
  LogoutInput,
  LogoutResult,
  RevokeSessionInput,
  RevokeSessionResult,
} from './sessions.types.ts';

@Resolver()
export class SessionsResolver {
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
      'Ends one of your sessions at once. Takes a recent proof of who asks. ' +
      "Another user's session is NOT_FOUND.",
  })
  revokeSession(
    @Arg('input', () => RevokeSessionInput, { description: 'Which session.' })
    input: RevokeSessionInput,
    @Ctx() ctx: Context,
  ): Promise<Accepted> {
    return revokeSession(ctx, input);
  }
}
