import Fastify from 'fastify';

/** A GraphQL server of a third party that refuses every token, even a new one. */
export async function refusingServer(): Promise<{
  url: string;
  received(): number;
  close(): Promise<void>;
}> {
  let count = 0;
  const fastify = Fastify({ forceCloseConnections: true });
  fastify.post('/graphql', async () => {
    count += 1;
    const extensions = { code: 'UNAUTHENTICATED', reason: 'TOKEN_EXPIRED' };
    return { data: null, errors: [{ message: 'A valid access token is required.', extensions }] };
  });
  const address = await fastify.listen({ host: '127.0.0.1', port: 0 });
  return { url: `${address}/graphql`, received: () => count, close: () => fastify.close() };
}
