import type { Caller, Verifier } from './create-verifier.ts';
import { admit } from './refusal.ts';

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

/**
 * Middleware for Express 4 and 5 that puts `caller` on the request. An invalid bearer token is
 * answered with 401; so is an anonymous request where `required` is set.
 */
export function expressAuth(
  verifier: Verifier,
  { required = false }: { required?: boolean } = {},
): (request: Request, response: Response, next: (error?: unknown) => void) => void {
  return (request, response, next) => {
    admit(verifier, request, required).then((admission) => {
      if ('caller' in admission) {
        request.caller = admission.caller;
        return next();
      }
      const { status, headers, body } = admission.refusal;
      response.statusCode = status;
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
      response.setHeader('Content-Type', 'application/json; charset=utf-8');
      response.end(JSON.stringify(body));
    }, next);
  };
}
