import type { Caller, Verifier, WithHeaders } from './create-verifier.ts';
import { KeysUnavailableError, RefusedTokenError } from './errors.ts';

type Options = {
  /**
   * The GraphQLError of your `graphql` package. Passed in, not imported: servers recognise only
   * their own class, and npm may install two copies.
   */
  readonly GraphQLError: new (
    message: string,
    options: { extensions: Record<string, unknown> },
  ) => Error;
};

/**
 * A context function for Apollo Server: `caller` is null for an anonymous request. An invalid
 * bearer token fails the request with 401 and UNAUTHENTICATED.
 */
export function apolloContext(
  verifier: Verifier,
  options: Options,
): (of: { req: WithHeaders }) => Promise<{ caller: Caller | null }> {
  return async ({ req }) => ({
    caller: await verifier.callerOf(req).catch((error: unknown) => {
      throw inGraphQL(error, options, (headers) => new Map(Object.entries(headers)));
    }),
  });
}

/**
 * A context factory for GraphQL Yoga: `caller` is null for an anonymous request. An invalid bearer
 * token fails the request with 401 and UNAUTHENTICATED.
 */
export function yogaContext(
  verifier: Verifier,
  options: Options,
): (of: { request: WithHeaders }) => Promise<{ caller: Caller | null }> {
  return async ({ request }) => ({
    caller: await verifier.callerOf(request).catch((error: unknown) => {
      throw inGraphQL(error, options, (headers) => headers);
    }),
  });
}

/**
 * Adds a code, and `http` for the status and headers of the answer. Any other error is passed on
 * unchanged.
 */
function inGraphQL(
  error: unknown,
  { GraphQLError }: Options,
  shape: (headers: Record<string, string>) => unknown,
): unknown {
  if (error instanceof RefusedTokenError) {
    const { code, reason, status, challenge } = error;
    const http = { status, headers: shape({ 'www-authenticate': challenge }) };
    return new GraphQLError(error.message, { extensions: { code, reason, http } });
  }
  if (error instanceof KeysUnavailableError) {
    return new GraphQLError(error.message, {
      extensions: { code: error.code, http: { status: error.status } },
    });
  }
  return error;
}
