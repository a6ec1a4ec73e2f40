import { HeaderMap } from '@apollo/server';
import { type ExecutionResult, execute, GraphQLError, type GraphQLFormattedError } from 'graphql';
import { mostErrors } from '../../graphql/document-limits.ts';
import { authSchema } from '../../graphql/schema.ts';
import type { Answer } from '../hooks/answer.ts';
import { admit } from './admit.ts';
import type { OpenContext } from './context.ts';
import { formatError } from './format-error.ts';
import type { KnownOperation } from './operation-cache.ts';
import { completeErrors, reportErrors } from './report-errors.ts';

const noHeaders: readonly (readonly [string, string])[] = [];

/**
 * Runs an operation that is known to be valid, without the steps that found that out; null where
 * nothing has run and Apollo has to say why: a bearer that does not hold, variables that do not
 * fit. What the answer is does not depend on the way (decision 093).
 */
export async function runKnown(
  known: KnownOperation,
  {
    variables,
    ctx,
  }: { variables: Readonly<Record<string, unknown>> | undefined; ctx: OpenContext },
): Promise<Answer | null> {
  try {
    if ((await admit(ctx, known)) !== null) return null;
  } catch (error) {
    return withErrors(ctx, { errors: [asGraphQLError(error)] }, known);
  }
  const result = await execute({
    schema: authSchema(),
    document: known.document,
    contextValue: ctx,
    ...(variables ? { variableValues: variables } : {}),
    ...(known.operation.name ? { operationName: known.operation.name.value } : {}),
    options: { maxCoercionErrors: mostErrors },
  });
  if (result.errors) return result.data === undefined ? null : withErrors(ctx, result, known);
  return { status: 200, headers: noHeaders, text: `{"data":${JSON.stringify(result.data)}}\n` };
}

/** As Apollo puts errors into an answer: each formatted, and what it says of HTTP taken out. */
function withErrors(
  ctx: OpenContext,
  { data, errors = [] }: ExecutionResult,
  { operation }: KnownOperation,
): Answer {
  const isUnavailable = reportErrors(ctx, errors, operation.name?.value ?? null);
  let status = data === undefined ? 500 : 200;
  const ordinary = status;
  const headers = new HeaderMap();
  const formatted = errors.map((error): GraphQLFormattedError => {
    const { http, ...extensions } = error.extensions;
    if (isHead(http)) {
      status = http.status ?? status;
      for (const [name, value] of http.headers ?? []) headers.set(name, value);
    }
    const { code = 'INTERNAL_SERVER_ERROR' } = extensions;
    return formatError({ ...error.toJSON(), extensions: { ...extensions, code } }, error);
  });
  completeErrors(ctx, formatted);
  if (isUnavailable) {
    if (status === ordinary) status = 503;
    headers.set('retry-after', '1');
  }
  return { status, headers, text: `${JSON.stringify({ errors: formatted, data })}\n` };
}

function asGraphQLError(error: unknown): GraphQLError {
  const originalError =
    error instanceof Error ? error : new Error('Something was thrown that is no error.');
  return new GraphQLError(originalError.message, { originalError });
}

type Head = { readonly status?: number; readonly headers?: HeaderMap };

function isHead(value: unknown): value is Head {
  return typeof value === 'object' && value !== null;
}
