import { GraphQLError, type GraphQLFieldResolver, type GraphQLSchema, isObjectType } from 'graphql';
import type { Context } from '../context.ts';
import { requireAdminToLook } from '../domain/admin/require-admin.ts';
import { requireViewer } from '../domain/caller/require-step-up.ts';
import { withContext } from '../domain/with-context.ts';
import { AuthError, isOutcome } from '../errors.ts';
import { gatewayFields, publicFields } from './access.ts';
import { toGraphQLError } from './to-graphql-error.ts';

/**
 * Wraps every root field with its access check and with the conversion of AuthErrors. In a
 * mutation, an outcome becomes the AuthError member of the result union; everything else becomes a
 * top-level error, as do invalid arguments of a nested field.
 */
export function guardFields(schema: GraphQLSchema): GraphQLSchema {
  for (const type of [schema.getQueryType(), schema.getMutationType()]) {
    for (const field of Object.values(type?.getFields() ?? {})) {
      const { resolve } = field;
      if (!type || !resolve) throw new Error(`The root field ${field.name} has no resolver.`);
      const coordinate = `${type.name}.${field.name}`;
      field.resolve = guarded(resolve, {
        coordinate,
        access: publicFields.has(coordinate)
          ? 'public'
          : gatewayFields.has(coordinate)
            ? 'gateway'
            : 'signed-in',
        isMutation: type === schema.getMutationType(),
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
        access: 'public',
        isMutation: false,
      });
    }
  }
  return schema;
}

type Access = 'public' | 'signed-in' | 'gateway';

function checkAccess(access: Access, ctx: Context): void {
  if (access === 'gateway' && !ctx.gateway) requireAdminToLook(ctx);
  if (access === 'signed-in') requireViewer(ctx);
}

/** What the mutation before it, in the same document, was answered with is not true any more. */
function forgetLoaded({ loaders }: Context): void {
  for (const name of Object.keys(loaders)) Reflect.deleteProperty(loaders, name);
}

function guarded(
  resolve: GraphQLFieldResolver<unknown, Context>,
  guard: { coordinate: string; access: Access; isMutation: boolean },
): GraphQLFieldResolver<unknown, Context> {
  return async (source, args, ctx, info) => {
    try {
      checkAccess(guard.access, ctx);
      if (guard.isMutation) forgetLoaded(ctx);
      return await resolve(source, args, withContext(ctx, { operation: guard.coordinate }), info);
    } catch (error) {
      if (error instanceof GraphQLError || !(error instanceof AuthError)) throw error;
      if (guard.isMutation && isOutcome(error)) {
        const { code, message, fields, retryAfter } = error;
        if (retryAfter !== undefined) ctx.retryAfter(retryAfter);
        ctx.observed.outcome ??= code;
        return { kind: 'error', code, message, fields, retryAfter: retryAfter ?? null };
      }
      throw toGraphQLError(error);
    }
  };
}
