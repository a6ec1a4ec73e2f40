import { GraphQLError, type GraphQLFieldResolver, type GraphQLSchema } from 'graphql';
import type { Context } from '../context.ts';
import { AuthError, isOutcome } from '../errors.ts';
import { gatewayFields, publicFields } from './access.ts';
import { toGraphQLError } from './to-graphql-error.ts';

/**
 * Puts the one door before every root field: who may call it, and what an AuthError becomes. In a mutation an outcome is the
 * union's AuthError; everything else is a top-level error.
 */
export function guardFields(schema: GraphQLSchema): GraphQLSchema {
  for (const type of [schema.getQueryType(), schema.getMutationType()]) {
    for (const field of Object.values(type?.getFields() ?? {})) {
      const { resolve } = field;
      if (!type || !resolve) throw new Error(`The root field ${field.name} has no resolver.`);
      const coordinate = `${type.name}.${field.name}`;
      field.resolve = guarded(resolve, {
        opensTo: publicFields.has(coordinate) ? 'everyone' : gatewayFields.has(coordinate) ? 'gateways' : 'signed-in',
        outcomesAreData: type === schema.getMutationType(),
      });
    }
  }
  return schema;
}

type OpensTo = 'everyone' | 'signed-in' | 'gateways';

function assertOpen(opensTo: OpensTo, { viewer, gateway }: Context): void {
  if (opensTo === 'everyone' || (opensTo === 'gateways' && gateway)) return;
  if (viewer === null) throw new AuthError('UNAUTHENTICATED', { reason: 'TOKEN_MISSING' });
  if (opensTo === 'gateways' && !viewer.roles.includes('admin')) throw new AuthError('FORBIDDEN');
}

function guarded(
  resolve: GraphQLFieldResolver<unknown, Context>,
  door: { opensTo: OpensTo; outcomesAreData: boolean },
): GraphQLFieldResolver<unknown, Context> {
  return async (source, args, ctx, info) => {
    try {
      assertOpen(door.opensTo, ctx);
      return await resolve(source, args, ctx, info);
    } catch (error) {
      if (error instanceof GraphQLError || !(error instanceof AuthError)) throw error;
      if (door.outcomesAreData && isOutcome(error)) {
        const { code, message, fields, retryAfter } = error;
        return { kind: 'error', code, message, fields, retryAfter: retryAfter ?? null };
      }
      throw toGraphQLError(error);
    }
  };
}
