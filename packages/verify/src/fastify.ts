import type { Caller, Verifier } from './create-verifier.ts';
import { admit } from './refusal.ts';

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
 * FastifyRequest extends WithCaller {} }`.
 */
export type WithCaller = {
  /** Null for an anonymous request. */
  caller: Caller | null;
};

/**
 * Puts `caller` on every request of a Fastify instance. An invalid bearer token is answered with
 * 401; so is an anonymous request where `required` is set. Call it, do not register it: a plugin
 * would see the requests of its own scope only.
 */
export function fastifyAuth<Req extends Request, Rep extends Reply>(
  fastify: Instance<Req, Rep>,
  { verifier, required = false }: { verifier: Verifier; required?: boolean },
): void {
  fastify.decorateRequest('caller', null);
  fastify.addHook('onRequest', async (request, reply) => {
    const admission = await admit(verifier, request, required);
    if ('caller' in admission) {
      Object.assign(request, { caller: admission.caller });
      return;
    }
    const { status, headers, body } = admission.refusal;
    return reply
      .code(status)
      .headers({ ...headers })
      .send(body);
  });
}
