import { Ctx, Query, Resolver } from 'type-graphql';
import type { Context } from '../context.ts';
import { me } from '../domain/accounts/me.ts';
import type { UserView } from '../domain/accounts/user-view.ts';
import { UserType } from './users.types.ts';

@Resolver(() => UserType)
export class UsersResolver {
  @Query(() => UserType, {
    nullable: true,
    description:
      'The signed-in user; null for a caller without a token. An expired or forged token is an UNAUTHENTICATED error, not null.',
  })
  me(@Ctx() ctx: Context): Promise<UserView | null> {
    return me(ctx);
  }
}
