import type { GraphQLError, GraphQLFormattedError } from 'graphql';
import type { OpenContext } from './context.ts';
import { kindOf } from './format-error.ts';

/** Characters of names that the caller chose: of the operation, and aliases (LG-2). */
const maxLoggedName = 64;

/**
 * Faults are logged here, once, with the request's id; the caller is told that id and nothing more.
 * Answers whether one of them is that the database does not answer: then the whole answer is a 503.
 */
export function reportErrors(
  ctx: OpenContext,
  errors: readonly GraphQLError[],
  operationName: string | null,
): boolean {
  let isUnavailable = false;
  for (const error of errors) {
    const kind = kindOf(error);
    if (kind === 'expected') continue;
    isUnavailable ||= kind === 'unavailable';
    ctx.log.error(
      {
        err: error.originalError ?? error,
        requestId: ctx.request.id,
        operationName: operationName?.slice(0, maxLoggedName),
        path: error.path?.join('.').slice(0, maxLoggedName),
      },
      kind === 'fault' ? 'A request failed.' : 'The database does not answer.',
    );
  }
  return isUnavailable;
}

/**
 * Adds to errors that are ready to be sent what they have of the request: its id, and how long to
 * wait.
 */
export function completeErrors(ctx: OpenContext, errors: readonly GraphQLFormattedError[]): void {
  for (const { extensions } of errors) {
    ctx.observed.outcome ??= String(extensions?.['code']);
    Object.assign(extensions ?? {}, { requestId: ctx.request.id });
    const wait = extensions?.['retryAfter'];
    if (typeof wait === 'number') ctx.retryAfter(wait);
  }
}
