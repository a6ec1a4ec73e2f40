import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Ctx, Info, Query, Resolver } from 'type-graphql';
import type { Context } from '../context.ts';
import type { UserView } from '../domain/users/user-view.ts';
import { printStitchingSdl, printSubgraphSdl } from './print-sdl.ts';
import { AnyScalar, EntityUnion, ServiceType } from './subgraph.types.ts';
import { resolveReferences } from './user.reference.ts';

/** The fields that only gateways use; access.ts restricts them to gateways and admins. */
@Resolver()
export class SubgraphResolver {
  @Query(() => [EntityUnion], {
    name: '_entities',
    nullable: 'items',
    description:
      'For federated gateways (service credential) and admins: one row per representation, in ' +
      'order, null where there is none or the representation is malformed.',
  })
  entities(
    @Arg('representations', () => [AnyScalar], {
      description: 'Each `{ __typename: "User", id }`.',
    })
    representations: unknown[],
    @Ctx() ctx: Context,
  ): Promise<(UserView | null)[]> {
    return resolveReferences(ctx, representations);
  }

  @Query(() => ServiceType, {
    name: '_service',
    description: 'For composition (service credential) and admins: the SDL of this subgraph.',
  })
  service(@Info() { schema }: GraphQLResolveInfo): ServiceType {
    return { sdl: printSubgraphSdl(schema) };
  }

  @Query(() => String, {
    name: '_sdl',
    description:
      'For stitching gateways (service credential) and admins: the SDL with stitching directives.',
  })
  sdl(@Info() { schema }: GraphQLResolveInfo): string {
    return printStitchingSdl(schema);
  }
}
