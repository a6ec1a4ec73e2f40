import type { Caller, Verifier } from './create-verifier.ts';
import { type Guard, type Guards, guardsIn, judge } from './guards.ts';
import { admit, asResponse, refusalOf } from './refusal.ts';

type Context = {
  readonly req: { readonly raw: Request };
  get(name: 'caller'): Caller | null | undefined;
  set(name: 'caller', value: Caller | null): void;
};
// biome-ignore lint/suspicious/noConfusingVoidType: the type of a middleware in Hono.
type Middleware = (context: Context, next: () => Promise<void>) => Promise<Response | void>;

/**
 * Middleware for Hono that sets the variable `caller`. An invalid bearer token is answered with
 * 401; so is, where `require` is set, an anonymous request, and whom it refuses.
 */
export function honoAuth(
  verifier: Verifier,
  options: { readonly require?: Guards } = {},
): Middleware {
  const guards = guardsIn(options);
  return async (context, next) => {
    const admission = await admit(verifier, context.req.raw, guards);
    if ('refusal' in admission) return asResponse(admission.refusal);
    context.set('caller', admission.caller);
    return next();
  };
}

/** Middleware for single routes, after honoAuth: lets in whom every guard lets in. */
export function honoGuard(...guards: readonly [Guard, ...Guard[]]): Middleware {
  return async (context, next) => {
    const denial = judge(context.get('caller') ?? null, guards);
    if (denial !== null) return asResponse(refusalOf(denial));
    return next();
  };
}
