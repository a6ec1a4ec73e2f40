import { HeaderMap } from '@apollo/server';
import { GraphQLError } from 'graphql';
import { type AuthError, errorCodes } from '../errors.ts';

/** Codes of outcomes in a query, which has no result union for them. */
const requestCodes: Readonly<Record<string, string>> = { VALIDATION_FAILED: 'BAD_USER_INPUT' };

/**
 * An AuthError as a top-level error, with an HTTP status where the error determines that of the
 * response.
 */
export function toGraphQLError(error: AuthError): GraphQLError {
  const entry = errorCodes[error.code];
  // A field that requires a signed-in user answers with status 200; only an invalid bearer token
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
 * Fails the whole request because its bearer token is invalid (RFC 6750 3.1). The client reads the
 * reason; the header does not disclose which check failed.
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
