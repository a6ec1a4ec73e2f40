import { Ctx, Query, Resolver } from 'type-graphql';
import type { Context } from '../context.ts';
import { type Overview, overview } from '../domain/admin/overview.ts';
import { type SigningKeyInUse, signingKeys } from '../domain/admin/signing-keys.ts';
import { AuthOverviewType, AuthSigningKeyType } from './operations.types.ts';

/** How the server itself does, for administrators. */
@Resolver()
export class OperationsResolver {
  @Query(() => AuthOverviewType, {
    description: 'What administrators should know at a glance. Ask for it on that screen alone.',
  })
  overview(@Ctx() ctx: Context): Promise<Overview> {
    return overview(ctx);
  }

  @Query(() => [AuthSigningKeyType], { description: 'The signing keys in use, the newest first.' })
  signingKeys(@Ctx() ctx: Context): Promise<SigningKeyInUse[]> {
    return signingKeys(ctx);
  }
}
