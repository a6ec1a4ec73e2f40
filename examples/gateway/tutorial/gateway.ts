import { createServer, type IncomingMessage } from 'node:http';
import { composeServices } from '@apollo/composition';
import { createGatewayRuntime } from '@graphql-hive/gateway-runtime';
import { parse } from 'graphql';

const auth = `${process.env['AUTH_URL'] ?? 'http://localhost:4000'}/graphql`;
const posts = `http://localhost:${process.env['POSTS_PORT'] ?? 4001}`;
/** Shown to Latchkey, and to nobody else. */
const credential = { 'x-gateway-token': process.env['GATEWAY_TOKEN'] ?? '' };

// #region compose
async function subgraph(name: string, url: string, headers: Record<string, string> = {}) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query: '{ _service { sdl } }' }),
  });
  const { data } = await response.json();
  return { name, url, typeDefs: parse(data._service.sdl) };
}

const { supergraphSdl, errors } = composeServices([
  await subgraph('auth', auth, credential),
  await subgraph('posts', posts),
]);
if (supergraphSdl === undefined) throw new Error(errors?.join('\n'));
// #endregion compose

// #region gateway
const gateway = createGatewayRuntime<{ req: IncomingMessage }>({
  supergraph: supergraphSdl,
  propagateHeaders: {
    fromClientToSubgraphs: ({ context: { req }, subgraphName }): Record<string, string> => ({
      authorization: req?.headers.authorization ?? '',
      'x-forwarded-for': req?.socket.remoteAddress ?? '',
      ...(subgraphName === 'auth' ? credential : {}),
    }),
  },
});
export const server = createServer(gateway).listen(Number(process.env['PORT'] ?? 4002));
// #endregion gateway
