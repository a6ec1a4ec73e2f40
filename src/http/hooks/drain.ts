import type { FastifyInstance } from 'fastify';

export type Drain = {
  begin(): void;
  isDraining(): boolean;
};

/**
 * Makes each answer the last of its connection once the server drains, those to requests that came
 * before too, so that clients go elsewhere for the next one (AV-5). A connection that is kept open
 * would hold up the end until its own time-out. Call it on the root instance.
 */
export function drainHook(fastify: FastifyInstance): Drain {
  let draining = false;
  fastify.addHook('onSend', (_request, reply, _payload, done) => {
    if (draining) reply.header('connection', 'close');
    done();
  });
  return {
    begin: () => {
      draining = true;
    },
    isDraining: () => draining,
  };
}
