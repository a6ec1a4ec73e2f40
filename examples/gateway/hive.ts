import { createServer, type IncomingMessage } from 'node:http';
import { createGatewayRuntime } from '@graphql-hive/gateway-runtime';
import useJWT, { createRemoteJwksSigningKeyProvider } from '@graphql-mesh/plugin-jwt-auth';
import { callerHeaders } from './caller-headers.ts';
import { composeSupergraph } from './compose.ts';
import type { Graphs, Running } from './running.ts';

/**
 * Hive Gateway, by its runtime. With `jwksUrl` it verifies access tokens before anything else, and
 * refuses requests without one.
 */
export async function startGateway(graphs: Graphs & { jwksUrl?: string }): Promise<Running> {
  const { gatewayToken, jwksUrl, port } = graphs;
  const gateway = createGatewayRuntime<{ req: IncomingMessage }>({
    supergraph: await composeSupergraph(graphs),
    logging: false,
    propagateHeaders: {
      fromClientToSubgraphs: ({ context, subgraphName }): Record<string, string> => ({
        ...(context.req ? callerHeaders(context.req) : {}),
        // To Latchkey alone.
        ...(subgraphName === 'auth' ? { 'x-gateway-token': gatewayToken } : {}),
      }),
    },
    // @ts-expect-error The two packages have one logger's types each.
    plugins: () =>
      jwksUrl === undefined
        ? []
        : [
            useJWT({
              signingKeyProviders: [createRemoteJwksSigningKeyProvider({ jwksUri: jwksUrl })],
            }),
          ],
  });
  const server = createServer(gateway);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : port}/graphql`,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await gateway[Symbol.asyncDispose]();
    },
  };
}
