import type { Caller, Verifier, WithHeaders } from './create-verifier.ts';
import { KeysUnavailableError, RefusedTokenError } from './errors.ts';
import { type Denial, type Guards, judge } from './guards.ts';

/** A plain HTTP answer in place of the requested one. */
export type Refusal = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: {
    readonly error: {
      readonly code: string;
      readonly message: string;
      readonly reason?: string;
      readonly maxAge?: number;
      readonly factor?: string;
    };
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
  guards: Guards | undefined,
): Promise<Admission> {
  try {
    const caller = await verifier.callerOf(request);
    const denial = judge(caller, guards);
    return denial === null ? { caller } : { refusal: refusalOf(denial) };
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

/** What a caller is answered whom a guard refuses. */
export function refusalOf({ status, challenge, ...error }: Denial): Refusal {
  return { status, headers: { 'WWW-Authenticate': challenge }, body: { error } };
}

/** The refusal as an answer of the web. */
export function asResponse({ status, headers, body }: Refusal): Response {
  return Response.json(body, { status, headers });
}
