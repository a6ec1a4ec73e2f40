import type { Caller, Verifier } from './create-verifier.ts';
import { type Guards, guardsIn } from './guards.ts';
import { admit, asResponse } from './refusal.ts';

type Handler<Of extends Caller | null, Rest extends readonly unknown[]> = (
  request: Request,
  caller: Of,
  ...rest: Rest
) => Response | Promise<Response>;
type Fetch<Rest extends readonly unknown[]> = (
  request: Request,
  ...rest: Rest
) => Promise<Response>;

/**
 * A fetch handler, as edge runtimes, Deno and Bun call it, that knows its caller: null for an
 * anonymous request. An invalid bearer token is answered with 401; so is, where `require` is set,
 * an anonymous request, and whom it refuses. Whatever else the runtime hands over is passed on.
 */
export function protect<Rest extends readonly unknown[]>(
  handler: Handler<Caller, Rest>,
  options: { readonly verifier: Verifier; readonly require: Guards },
): Fetch<Rest>;
export function protect<Rest extends readonly unknown[]>(
  handler: Handler<Caller | null, Rest>,
  options: { readonly verifier: Verifier; readonly require?: Guards },
): Fetch<Rest>;
export function protect<Rest extends readonly unknown[]>(
  handler: Handler<Caller & null, Rest>,
  options: { readonly verifier: Verifier; readonly require?: Guards },
): Fetch<Rest> {
  const guards = guardsIn(options);
  return async (request, ...rest) => {
    const admission = await admit(options.verifier, request, guards);
    if ('refusal' in admission) return asResponse(admission.refusal);
    // The overloads say which of the two it is: with `require` no anonymous request is admitted.
    return handler(request, admission.caller as Caller & null, ...rest);
  };
}
