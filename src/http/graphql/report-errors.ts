import type { GraphQLError, GraphQLFormattedError } from 'graphql';
import { errorCodes } from '../../errors.ts';
import { operationOf } from '../hooks/metrics.ts';
import { shortage } from '../hooks/shortage.ts';
import type { RequestContext } from './context.ts';
import { kindOf } from './format-error.ts';

/** Characters of names that the caller chose: of the operation, and aliases (LG-2). */
const maxLoggedName = 64;

/**
 * Logs faults, once, with the request's id; the caller is told that id and nothing more. An error
 * that says that the database does not answer makes the whole answer a 503.
 */
export function reportErrors(
  ctx: RequestContext,
  errors: readonly GraphQLError[],
  operationName: string | null,
): void {
  for (const error of errors) {
    const kind = kindOf(error);
    if (kind === 'expected') continue;
    if (kind === 'unavailable')
      error.extensions['http'] = { status: errorCodes.UNAVAILABLE.httpStatus };
    ctx.log.error(
      {
        err: error.originalError ?? error,
        requestId: ctx.request.id,
        operationName: operationName?.slice(0, maxLoggedName),
        operation: operationOf(ctx.observed),
        path: error.path?.join('.').slice(0, maxLoggedName),
      },
      kind === 'fault' ? 'A request failed.' : shortage(error.originalError ?? error),
    );
  }
}

/** Adds the request's id to formatted errors, and to the answer's head how long to wait. */
export function completeErrors(
  ctx: RequestContext,
  errors: readonly GraphQLFormattedError[],
): void {
  for (const { extensions } of errors) {
    ctx.observed.outcome ??= String(extensions?.['code']);
    Object.assign(extensions ?? {}, { requestId: ctx.request.id });
    const wait = extensions?.['retryAfter'];
    if (typeof wait === 'number') ctx.retryAfter(wait);
  }
}
