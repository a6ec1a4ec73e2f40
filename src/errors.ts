/**
 * The only error class for expected failures, with the table of its codes. Callers see the message
 * of the table or of the place that throws; `detail` is only logged. Any other error is masked by
 * http/graphql/format-error.
 */

/**
 * Where a code appears: in the result union of a mutation, or among the top-level GraphQL errors
 * (contract.graphql, conventions).
 */
type Place = 'outcome' | 'request';

type CodeEntry = { readonly place: Place; readonly message: string; readonly httpStatus?: number };

export const errorCodes = {
  VALIDATION_FAILED: { place: 'outcome', message: 'Some of the input is not valid.' },
  INVALID_CREDENTIALS: {
    place: 'outcome',
    message: 'The e-mail address or the password is not right.',
  },
  INVALID_OR_EXPIRED_CODE: {
    place: 'outcome',
    message: 'The code is not right or is no longer valid.',
  },
  INVALID_OR_EXPIRED_TOKEN: {
    place: 'outcome',
    message: 'The token is not right or is no longer valid.',
  },
  STEP_UP_REQUIRED: {
    place: 'outcome',
    message: 'Prove again who you are, then repeat the request.',
  },
  RATE_LIMITED: { place: 'outcome', message: 'Too many attempts. Try again later.' },
  NOT_FOUND: { place: 'outcome', message: 'There is no such thing, or it is not yours.' },
  UNKNOWN_PASSKEY: { place: 'outcome', message: 'The server does not know this passkey.' },
  PROVIDER_REFUSED: {
    place: 'outcome',
    message: 'The other provider has refused, or cannot be reached. Try again, or another way.',
  },
  CONFLICT: { place: 'outcome', message: 'The request contradicts the present state.' },
  UNAUTHENTICATED: {
    place: 'request',
    message: 'A valid access token is required.',
    httpStatus: 401,
  },
  FORBIDDEN: { place: 'request', message: 'The caller may not do this.' },
  BAD_USER_INPUT: { place: 'request', message: 'The request is not valid.' },
  OVERLOADED: {
    place: 'request',
    message: 'The server is busy. Try again in a moment.',
    httpStatus: 503,
  },
  UNAVAILABLE: {
    place: 'request',
    message: 'The service is not available. Try again in a moment.',
    httpStatus: 503,
  },
} as const satisfies Record<string, CodeEntry>;

export type ErrorCode = keyof typeof errorCodes;

export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorCodes, code);
}

/** Why a request is unauthenticated (contract.graphql, extensions.reason). */
export type UnauthenticatedReason =
  | 'TOKEN_MISSING'
  | 'TOKEN_EXPIRED'
  | 'TOKEN_INVALID'
  | 'SESSION_REVOKED';

export type FieldError = { readonly path: string; readonly code: string; readonly message: string };

type Options = {
  readonly message?: string;
  readonly fields?: readonly FieldError[];
  /** In seconds. */
  readonly retryAfter?: number;
  readonly reason?: UnauthenticatedReason;
  /** For the log only. SECURITY: never a secret, never user input. */
  readonly detail?: string;
  readonly cause?: unknown;
};

export class AuthError extends Error {
  override readonly name = 'AuthError';
  readonly code: ErrorCode;
  readonly fields: readonly FieldError[];
  readonly retryAfter: number | undefined;
  readonly reason: UnauthenticatedReason | undefined;
  readonly detail: string | undefined;

  constructor(code: ErrorCode, options: Options = {}) {
    super(
      options.message ?? errorCodes[code].message,
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.code = code;
    this.fields = options.fields ?? [];
    this.retryAfter = options.retryAfter;
    this.reason = options.reason;
    this.detail = options.detail;
  }
}

/**
 * Whether a client must handle the error as an outcome: it is then a member of the mutation's
 * result union and not a top-level error.
 */
export function isOutcome(error: AuthError): boolean {
  return errorCodes[error.code].place === 'outcome';
}
