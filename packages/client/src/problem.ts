import type { PasskeyErrorCode } from './ceremony.ts';
import { RefreshError, RequestError, UnreachableError } from './errors.ts';
import type { IdentityErrorCode } from './identity-error.ts';
import type { AuthError, AuthErrorCode, AuthFieldError } from './operations.ts';

/**
 * An AuthErrorCode of the server; CANCELLED and the like of the browser's part; UNREACHABLE where
 * there was no answer; a top-level error's code, such as FORBIDDEN or OVERLOADED; FAILED for the
 * rest.
 */
export type ProblemCode =
  | AuthErrorCode
  | PasskeyErrorCode
  | IdentityErrorCode
  | 'UNREACHABLE'
  | (string & {});

/** Why something was not done, whatever kept it from being done. */
export type Problem = {
  readonly code: ProblemCode;
  /** For a person to read. */
  readonly message: string;
  /** Which fields of the input break which rules. */
  readonly fields: readonly AuthFieldError[];
  /** Seconds after which another try is worth it; null where that is not known. */
  readonly retryAfter: number | null;
};

/** Whether an outcome is the server's AuthError. */
export function isAuthError(
  outcome: unknown,
): outcome is { readonly __typename: 'AuthError' } & AuthError {
  return Object(outcome).__typename === 'AuthError';
}

/**
 * What kept something from being done, of an outcome or of what was thrown: AuthError,
 * PasskeyError, IdentityError, RequestError, RefreshError, UnreachableError, an error of `fetch`,
 * any other error. Null for a success.
 */
export function problemOf(outcome: unknown): Problem | null {
  if (isAuthError(outcome)) return fromAuthError(outcome);
  if (outcome instanceof RefreshError) return fromAuthError(outcome.outcome);
  if (outcome instanceof RequestError) {
    const retryAfter = outcome.errors[0]?.extensions?.['retryAfter'];
    const seconds = typeof retryAfter === 'number' ? retryAfter : null;
    return problem(outcome.code ?? 'FAILED', outcome.message, seconds);
  }
  if (outcome instanceof UnreachableError)
    return problem('UNREACHABLE', unreachable, problemOf(outcome.cause)?.retryAfter ?? null);
  if (outcome instanceof Error) {
    const isNetwork = outcome instanceof TypeError && ofFetch.test(outcome.message);
    return isNetwork ? problem('UNREACHABLE', unreachable) : problem('FAILED', outcome.message);
  }
  const { __typename, code, message } = Object(outcome);
  return /Error$/.test(__typename) ? problem(String(code), String(message)) : null;
}

/** The same of what was thrown, which is never a success. */
export function thrownProblem(thrown: unknown): Problem {
  return problemOf(thrown) ?? problem('FAILED', 'Something went wrong.');
}

function fromAuthError({ code, message, fields, retryAfter }: AuthError): Problem {
  return { code, message, fields, retryAfter };
}

const unreachable = 'The server could not be reached.';

/** What Chromium, Firefox, Safari, React Native and Node say where there was no answer. */
const ofFetch = /fetch|network|load failed/i;

function problem(code: string, message: string, retryAfter: number | null = null): Problem {
  return { code, message, fields: [], retryAfter };
}
