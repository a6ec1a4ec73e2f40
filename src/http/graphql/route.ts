import type { FastifyInstance } from 'fastify';
import type { OperationRunner } from './run-operation.ts';

/** `POST /graphql`, and `GET` for queries. */
export function graphqlRoute(fastify: FastifyInstance, run: OperationRunner): void {
  fastify.route({
    method: ['GET', 'POST'],
    url: '/graphql',
    handler: async (request, reply) => {
      const { status, headers, text, longTexts } = await run(request, reply);
      for (const [name, value] of headers) reply.header(name, value);
      reply.code(status);
      return longTexts.write(text);
    },
  });
}
