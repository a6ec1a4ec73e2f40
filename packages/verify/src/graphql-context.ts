import type { Caller, Verifier, WithHeaders } from './create-verifier.ts';
import { KeysUnavailableError, RefusedTokenError } from './errors.ts';
import { type Denial, type Guards, judge } from './guards.ts';

type Options = {
  /**
   * The GraphQLError of your `graphql` package. Passed in, not imported: servers recognise only
   * their own class, and npm may install two copies.
   */
  readonly GraphQLError: new (
    message: string,
    options: { extensions: Record<string, unknown> },
  ) => Error;
  /** Whom to let in; unless set, everyone but those with an invalid bearer token. */
  readonly require?: Guards;
};
type Strict = Options & { readonly require: Guards };
type ContextOf<From, Of> = (from: From) => Promise<{ caller: Of }>;
type Headers = Record<string, string>;

/**
 * A context function for Apollo Server: `caller` is null for an anonymous request. An invalid
 * bearer token fails the request with 401 and UNAUTHENTICATED; so does, where `require` is set, an
 * anonymous request, and whom it refuses.
 */
export function apolloContext(
  verifier: Verifier,
  options: Strict,
): ContextOf<{ req: WithHeaders }, Caller>;
export function apolloContext(
  verifier: Verifier,
  options: Options,
): ContextOf<{ req: WithHeaders }, Caller | null>;
export function apolloContext(
  verifier: Verifier,
  options: Options,
): ContextOf<{ req: WithHeaders }, Caller | null> {
  const shape = (headers: Headers) => new Map(Object.entries(headers));
  return async ({ req }) => ({ caller: await admitted(verifier, req, options, shape) });
}

/** The same as apolloContext, as a context factory for GraphQL Yoga. */
export function yogaContext(
  verifier: Verifier,
  options: Strict,
): ContextOf<{ request: WithHeaders }, Caller>;
export function yogaContext(
  verifier: Verifier,
  options: Options,
): ContextOf<{ request: WithHeaders }, Caller | null>;
export function yogaContext(
  verifier: Verifier,
  options: Options,
): ContextOf<{ request: WithHeaders }, Caller | null> {
  return async ({ request }) => ({
    caller: await admitted(verifier, request, options, (headers) => headers),
  });
}

/** Throws a GraphQLError with a code, and `http` for the status and headers of the answer. */
async function admitted(
  verifier: Verifier,
  request: WithHeaders,
  { GraphQLError, require }: Options,
  shape: (headers: Headers) => unknown,
): Promise<Caller | null> {
  const refuse = ({ status, challenge, message, ...extensions }: Denial): Error => {
    const http = { status, headers: shape({ 'www-authenticate': challenge }) };
    return new GraphQLError(message, { extensions: { ...extensions, http } });
  };
  const caller = await verifier.callerOf(request).catch((error: unknown) => {
    if (error instanceof RefusedTokenError) {
      const { status, code, reason, message, challenge } = error;
      throw refuse({ status, code, reason, message, challenge });
    }
    if (!(error instanceof KeysUnavailableError)) throw error;
    const { code, status, message } = error;
    throw new GraphQLError(message, { extensions: { code, http: { status } } });
  });
  const denial = judge(caller, require);
  if (denial !== null) throw refuse(denial);
  return caller;
}
