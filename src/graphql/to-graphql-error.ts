import { HeaderMap } from '@apollo/server';
import { GraphQLError } from 'graphql';
import { type AuthError, errorCodes } from '../errors.ts';

/** Outcomes of a query, which has no union to put them in. */
const requestCodes: Readonly<Record<string, string>> = { VALIDATION_FAILED: 'BAD_USER_INPUT' };

/**
 * An AuthError as a top-level error of the answer, with the HTTP status where the whole answer has
 * one.
 */
export function toGraphQLError(error: AuthError): GraphQLError {
  const entry = errorCodes[error.code];
  // A field that wants a signed-in caller is an ordinary 200; only a bearer that does not hold
  // fails the whole request.
  const status =
    'httpStatus' in entry && error.code !== 'UNAUTHENTICATED' ? entry.httpStatus : undefined;
  return new GraphQLError(error.message, {
    originalError: error,
    extensions: {
      code: requestCodes[error.code] ?? error.code,
      ...(error.reason === undefined ? {} : { reason: error.reason }),
      ...(error.retryAfter === undefined ? {} : { retryAfter: error.retryAfter }),
      ...(error.fields.length === 0 ? {} : { fields: error.fields }),
      http: { ...(status === undefined ? {} : { status }), headers: new HeaderMap() },
    },
  });
}

/**
 * The whole request fails: its bearer does not hold (RFC 6750 3.1). The reason is for the client;
 * the header names no check.
 */
export function refusedBearer(reason: string): GraphQLError {
  return new GraphQLError(errorCodes.UNAUTHENTICATED.message, {
    extensions: {
      code: 'UNAUTHENTICATED',
      reason,
      http: {
        status: 401,
        headers: new HeaderMap([['www-authenticate', 'Bearer error="invalid_token"']]),
      },
    },
  });
}
