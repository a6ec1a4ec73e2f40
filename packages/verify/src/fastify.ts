import type { Caller, Verifier } from './create-verifier.ts';
import { type Guard, type Guards, guardsIn, judge } from './guards.ts';
import { admit, type Refusal, refusalOf } from './refusal.ts';

type Request = { readonly headers: { readonly authorization?: string | undefined } };
type Reply = {
  code(status: number): Reply;
  headers(values: Record<string, string>): Reply;
  send(body: object): unknown;
};
type Instance<Req extends Request, Rep extends Reply> = {
  decorateRequest(name: string, value: null): unknown;
  addHook(name: 'onRequest', hook: (request: Req, reply: Rep) => Promise<unknown>): unknown;
};

/**
 * What fastifyAuth puts on the request. Declare it: `declare module 'fastify' { interface
 * FastifyRequest extends WithCaller {} }`. For Hono: `new Hono<{ Variables: WithCaller }>()`.
 */
export type WithCaller = {
  /** Null for an anonymous request. */
  caller: Caller | null;
};

/**
 * Puts `caller` on every request of a Fastify instance. An invalid bearer token is answered with
 * 401; so is, where `require` is set, an anonymous request, and whom it refuses. Call it, do not
 * register it: a plugin would see the requests of its own scope only.
 */
export function fastifyAuth<Req extends Request, Rep extends Reply>(
  fastify: Instance<Req, Rep>,
  options: { readonly verifier: Verifier; readonly require?: Guards },
): void {
  const guards = guardsIn(options);
  fastify.decorateRequest('caller', null);
  fastify.addHook('onRequest', async (request, reply) => {
    const admission = await admit(options.verifier, request, guards);
    if ('refusal' in admission) return answer(reply, admission.refusal);
    Object.assign(request, { caller: admission.caller });
    return;
  });
}

/**
 * A hook for single routes of an instance with fastifyAuth, as `onRequest` or `preHandler`: lets in
 * whom every guard lets in.
 */
export function fastifyGuard(
  ...guards: readonly [Guard, ...Guard[]]
): (request: object, reply: Reply) => Promise<unknown> {
  return async (request, reply) => {
    const { caller = null }: { caller?: Caller | null } = request;
    const denial = judge(caller, guards);
    return denial === null ? undefined : answer(reply, refusalOf(denial));
  };
}

function answer(reply: Reply, { status, headers, body }: Refusal): unknown {
  return reply
    .code(status)
    .headers({ ...headers })
    .send(body);
}
