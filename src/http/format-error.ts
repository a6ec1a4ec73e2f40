import { unwrapResolverError } from '@apollo/server/errors';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { databaseFailure } from '../db/failures.ts';
import { AuthError, errorCodes } from '../errors.ts';

/** Apollo Server's own, which say nothing of us. */
const passedCodes = new Set([
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'BAD_USER_INPUT',
  'BAD_REQUEST',
  'OPERATION_RESOLUTION_FAILURE',
  'PERSISTED_QUERY_NOT_FOUND',
  'PERSISTED_QUERY_NOT_SUPPORTED',
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'RATE_LIMITED',
  'OVERLOADED',
]);

const masked = 'Something went wrong on the server.';

/**
 * The one place that decides what of an error a caller sees: an allow-list (GQ-11). SECURITY: graphql-js prints the rejected
 * input in coercion errors, passwords too (GQ-9), and drizzle's message holds SQL and parameters.
 */
export function formatError(formatted: GraphQLFormattedError, error: unknown): GraphQLFormattedError {
  const { path, locations } = formatted;
  const place = { ...(locations ? { locations } : {}), ...(path ? { path } : {}) };
  const kind = kindOf(error);
  if (kind === 'unavailable') {
    return { message: errorCodes.UNAVAILABLE.message, ...place, extensions: { code: 'OVERLOADED', retryAfter: 1 } };
  }
  const code = formatted.extensions?.['code'];
  if (kind === 'fault' || typeof code !== 'string' || !passedCodes.has(code)) {
    return { message: masked, ...place, extensions: { code: 'INTERNAL_SERVER_ERROR' } };
  }
  const { reason, retryAfter, fields } = formatted.extensions ?? {};
  return {
    message: publicMessage(formatted.message, code, error),
    ...place,
    extensions: {
      code,
      ...(reason === undefined ? {} : { reason }),
      ...(retryAfter === undefined ? {} : { retryAfter }),
      ...(fields === undefined ? {} : { fields }),
    },
  };
}

/** Whether an error is one to log: a fault of ours, or the database's. */
export function kindOf(error: unknown): 'expected' | 'unavailable' | 'fault' {
  const original = unwrapResolverError(error);
  if (databaseFailure(original) === 'unavailable') return 'unavailable';
  if (original instanceof AuthError) return 'expected';
  if (original instanceof GraphQLError) {
    return original.originalError === undefined || original.originalError instanceof AuthError ? 'expected' : 'fault';
  }
  return 'fault';
}

function publicMessage(message: string, code: string, error: unknown): string {
  const own = error instanceof GraphQLError && error.originalError instanceof AuthError;
  if (own || code === 'UNAUTHENTICATED') return message;
  if (code === 'BAD_USER_INPUT') return coercionMessage(message);
  // "Did you mean" spells out a schema that may not be asked for (GQ-8); what stands in quotes beside it is the caller's own.
  return message.replace(/\s*Did you mean [^?]*\?/g, '').slice(0, 300);
}

/** `Variable "$input" got invalid value … at "input.email"; Expected …` without the value: where it is, and what kind of rule it breaks. */
function coercionMessage(message: string): string {
  const variable = /^Variable "\$([_A-Za-z][_0-9A-Za-z]{0,99})"/.exec(message)?.[1];
  const path = / at "([_A-Za-z][_0-9A-Za-z.[\]]{0,199})"/.exec(message)?.[1];
  const field = /Field "([_A-Za-z][_0-9A-Za-z]{0,99})" of required type/.exec(message)?.[1];
  const where = path ?? variable;
  const subject = where === undefined ? 'An argument' : `The variable value at "${where}"`;
  if (field !== undefined) return `${subject} lacks the required field "${field}".`;
  if (/ is not defined by type /.test(message)) return `${subject} has a field that its type does not define.`;
  if (/of (non-null|required) type|Expected non-nullable/.test(message)) return `${subject} is required.`;
  return `${subject} is not of the expected type.`;
}
