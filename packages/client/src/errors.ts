import type { AuthError } from './operations.ts';

export type GraphQLErrorLike = {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions?: {
    readonly code?: string;
    readonly reason?: string;
    readonly [key: string]: unknown;
  };
};

/** An answer that is not an outcome: the server's top-level errors, or no GraphQL at all. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
  readonly status: number;
  readonly errors: readonly GraphQLErrorLike[];
  /** Such as UNAUTHENTICATED, FORBIDDEN, RATE_LIMITED, OVERLOADED. */
  readonly code: string | undefined;

  constructor(status: number, errors: readonly GraphQLErrorLike[]) {
    super(errors[0]?.message ?? `The server answered ${status}.`);
    this.status = status;
    this.errors = errors;
    this.code = errors[0]?.extensions?.code;
  }
}

/** The session has not ended, and could not be refreshed this time: too many requests, say. */
export class RefreshError extends Error {
  override readonly name = 'RefreshError';
  readonly outcome: AuthError;

  constructor(outcome: AuthError) {
    super(outcome.message);
    this.outcome = outcome;
  }
}

/**
 * Nothing was sent: it could not be found out whether a user is signed in, and a request that is
 * meant with a session is not sent without one. `cause` says why.
 */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
  override readonly cause: unknown;

  constructor(cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause);
    super(`Nothing was sent, since the session could not be restored: ${why}`);
    this.cause = cause;
  }
}

/**
 * Why a request was refused, where a new token could help: `extensions.reason` of its first
 * UNAUTHENTICATED error, or UNKNOWN where the server that refused is not Latchkey. Null where
 * nothing was refused.
 */
export function refusalIn(
  errors: readonly { readonly extensions?: object | undefined }[] | undefined,
): string | null {
  for (const { extensions = {} } of errors ?? []) {
    if ('code' in extensions && extensions.code === 'UNAUTHENTICATED') {
      return 'reason' in extensions && typeof extensions.reason === 'string'
        ? extensions.reason
        : 'UNKNOWN';
    }
  }
  return null;
}
