import type { Caller, Verifier, WithHeaders } from './create-verifier.ts';
import { KeysUnavailableError, RefusedTokenError } from './errors.ts';

/** A plain HTTP answer in place of the requested one. */
export type Refusal = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: {
    readonly error: { readonly code: string; readonly message: string; readonly reason?: string };
  };
};

export type Admission = { readonly caller: Caller | null } | { readonly refusal: Refusal };

/**
 * Lets a request in with its caller, or says how to refuse it. Throws nothing that a caller could
 * cause.
 */
export async function admit(
  verifier: Verifier,
  request: WithHeaders,
  required: boolean,
): Promise<Admission> {
  try {
    const caller = await verifier.callerOf(request);
    return caller === null && required ? { refusal: anonymous } : { caller };
  } catch (error) {
    if (error instanceof RefusedTokenError) {
      const { code, reason, message, status, challenge } = error;
      return {
        refusal: {
          status,
          headers: { 'WWW-Authenticate': challenge },
          body: { error: { code, message, reason } },
        },
      };
    }
    if (error instanceof KeysUnavailableError) {
      const { code, message, status } = error;
      return { refusal: { status, headers: {}, body: { error: { code, message } } } };
    }
    throw error;
  }
}

/**
 * RFC 6750 3, 3.1: a caller who sent no token is told the scheme with at least one parameter, and
 * no error.
 */
const anonymous: Refusal = {
  status: 401,
  headers: { 'WWW-Authenticate': 'Bearer realm="latchkey"' },
  body: {
    error: {
      code: 'UNAUTHENTICATED',
      message: 'A valid access token is required.',
      reason: 'TOKEN_MISSING',
    },
  },
};
