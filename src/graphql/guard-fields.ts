import { GraphQLError, type GraphQLFieldResolver, type GraphQLSchema, isObjectType } from 'graphql';
import type { Context } from '../context.ts';
import { requireAdminToLook } from '../domain/admin/require-admin.ts';
import { requireViewer } from '../domain/caller/require-step-up.ts';
import { withContext } from '../domain/with-context.ts';
import { AuthError, isOutcome } from '../errors.ts';
import { gatewayFields, publicFields } from './access.ts';
import { toGraphQLError } from './to-graphql-error.ts';

/**
 * Puts the one door before every root field: who may call it, and what an AuthError becomes. In a
 * mutation an outcome is the union's AuthError; everything else is a top-level error, also where a
 * field below has arguments that do not fit.
 */
export function guardFields(schema: GraphQLSchema): GraphQLSchema {
  for (const type of [schema.getQueryType(), schema.getMutationType()]) {
    for (const field of Object.values(type?.getFields() ?? {})) {
      const { resolve } = field;
      if (!type || !resolve) throw new Error(`The root field ${field.name} has no resolver.`);
      const coordinate = `${type.name}.${field.name}`;
      field.resolve = guarded(resolve, {
        coordinate,
        opensTo: publicFields.has(coordinate)
          ? 'everyone'
          : gatewayFields.has(coordinate)
            ? 'gateways'
            : 'signed-in',
        outcomesAreData: type === schema.getMutationType(),
      });
    }
  }
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type === schema.getQueryType() || type === schema.getMutationType())
      continue;
    for (const field of Object.values(type.getFields())) {
      const { resolve } = field;
      if (!resolve || field.args.length === 0) continue;
      field.resolve = guarded(resolve, {
        coordinate: `${type.name}.${field.name}`,
        opensTo: 'everyone',
        outcomesAreData: false,
      });
    }
  }
  return schema;
}

type OpensTo = 'everyone' | 'signed-in' | 'gateways';

function assertOpen(opensTo: OpensTo, ctx: Context): void {
  if (opensTo === 'gateways' && !ctx.gateway) requireAdminToLook(ctx);
  if (opensTo === 'signed-in') requireViewer(ctx);
}

function guarded(
  resolve: GraphQLFieldResolver<unknown, Context>,
  door: { coordinate: string; opensTo: OpensTo; outcomesAreData: boolean },
): GraphQLFieldResolver<unknown, Context> {
  return async (source, args, ctx, info) => {
    try {
      assertOpen(door.opensTo, ctx);
      return await resolve(source, args, withContext(ctx, { operation: door.coordinate }), info);
    } catch (error) {
      if (error instanceof GraphQLError || !(error instanceof AuthError)) throw error;
      if (door.outcomesAreData && isOutcome(error)) {
        const { code, message, fields, retryAfter } = error;
        if (retryAfter !== undefined) ctx.retryAfter(retryAfter);
        ctx.observed.outcome ??= code;
        return { kind: 'error', code, message, fields, retryAfter: retryAfter ?? null };
      }
      throw toGraphQLError(error);
    }
  };
}
