import { execute, GraphQLError } from 'graphql';
import { mostErrors } from '../../graphql/document-limits.ts';
import { authSchema } from '../../graphql/schema.ts';
import { admit } from './admit.ts';
import type { Answer } from './answer.ts';
import type { RequestContext } from './context.ts';
import type { FastOperation } from './fast-path.ts';
import { formatError } from './format-error.ts';
import { completeErrors, reportErrors } from './report-errors.ts';

/**
 * Executes a cached operation. Null where nothing has run and Apollo has to say why: an invalid
 * bearer, or variables that do not fit.
 */
export async function runCached(
  { cached, variables, contentType }: FastOperation,
  ctx: RequestContext,
): Promise<Answer | null> {
  const { document, operation } = cached;
  const operationName = operation.name?.value ?? null;
  try {
    if ((await admit(ctx, cached)) !== null) return null;
  } catch (error) {
    const { status, errors } = answerErrors(ctx, [asGraphQLError(error)], operationName);
    return answer(status ?? 500, contentType, { errors });
  }
  const { data, errors: found } = await execute({
    schema: authSchema(),
    document,
    contextValue: ctx,
    ...(variables ? { variableValues: variables } : {}),
    ...(operationName === null ? {} : { operationName }),
    options: { maxCoercionErrors: mostErrors },
  });
  if (!found) return answer(200, contentType, { data });
  if (data === undefined) return null;
  const { status, errors } = answerErrors(ctx, found, operationName);
  return answer(status ?? 200, contentType, { errors, data });
}

/** Errors first, so that a reader sees them first (GraphQL, "Response"). */
function answer(status: number, contentType: string, body: object): Answer {
  return {
    status,
    headers: [['content-type', contentType]],
    text: `${JSON.stringify(body)}\n`,
  };
}

/** What Apollo does with errors and our plugin: logged, formatted, completed. */
function answerErrors(
  ctx: RequestContext,
  errors: readonly GraphQLError[],
  operationName: string | null,
) {
  reportErrors(ctx, errors, operationName);
  const formatted = errors.map((error) => formatError(error.toJSON(), error));
  completeErrors(ctx, formatted);
  const statuses = errors.flatMap(({ extensions }) => statusIn(extensions['http']) ?? []);
  return { status: statuses.at(-1), errors: formatted };
}

/** The HTTP status that an error asks for, in the member of its extensions that Apollo reads. */
function statusIn(http: unknown): number | undefined {
  const status =
    typeof http === 'object' && http !== null && 'status' in http ? http.status : undefined;
  return typeof status === 'number' ? status : undefined;
}

function asGraphQLError(error: unknown): GraphQLError {
  const originalError =
    error instanceof Error ? error : new Error('Something was thrown that is no error.');
  return new GraphQLError(originalError.message, { originalError });
}
