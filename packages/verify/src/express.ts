import type { Caller, Verifier } from './create-verifier.ts';
import { type Guard, type Guards, guardsIn, judge } from './guards.ts';
import { admit, type Refusal, refusalOf } from './refusal.ts';

declare global {
  namespace Express {
    interface Request {
      /** Set by expressAuth; null for an anonymous request. */
      caller?: Caller | null;
    }
  }
}

type Request = {
  readonly headers: { readonly authorization?: string | undefined };
  caller?: Caller | null;
};
type Response = {
  statusCode: number;
  setHeader(name: string, value: string): unknown;
  end(body: string): unknown;
};
type Middleware = (request: Request, response: Response, next: (error?: unknown) => void) => void;

/**
 * Middleware for Express 4 and 5 that puts `caller` on the request. An invalid bearer token is
 * answered with 401; so is, where `require` is set, an anonymous request, and whom it refuses.
 */
export function expressAuth(
  verifier: Verifier,
  options: { readonly require?: Guards } = {},
): Middleware {
  const guards = guardsIn(options);
  return (request, response, next) => {
    admit(verifier, request, guards).then((admission) => {
      if ('refusal' in admission) return answer(response, admission.refusal);
      request.caller = admission.caller;
      next();
    }, next);
  };
}

/** Middleware for single routes, after expressAuth: lets in whom every guard lets in. */
export function expressGuard(...guards: readonly [Guard, ...Guard[]]): Middleware {
  return ({ caller = null }, response, next) => {
    const denial = judge(caller, guards);
    if (denial === null) next();
    else answer(response, refusalOf(denial));
  };
}

function answer(response: Response, { status, headers, body }: Refusal): void {
  response.statusCode = status;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.setHeader('Content-Type', 'application/json; charset=utf-8');
  response.end(JSON.stringify(body));
}
