import {
  ApolloGateway,
  type GraphQLDataSourceProcessOptions,
  IntrospectAndCompose,
  RemoteGraphQLDataSource,
} from '@apollo/gateway';
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { GraphQLError } from 'graphql';
import { callerHeaders } from './caller-headers.ts';
import type { Graphs, Running } from './running.ts';

type Context = { headers: Record<string, string> };

/** A graph that is told whom the gateway speaks for. */
class Graph extends RemoteGraphQLDataSource<Context> {
  readonly credentials: Record<string, string>;

  constructor(url: string | undefined, credentials: Record<string, string>) {
    super(url === undefined ? {} : { url });
    this.credentials = credentials;
  }

  override willSendRequest({ request, context }: GraphQLDataSourceProcessOptions<Context>): void {
    const headers = { ...context?.headers, ...this.credentials };
    for (const [name, value] of Object.entries<string>(headers))
      request.http?.headers.set(name, value);
  }

  /**
   * The graph's own error. Apollo's would tell the caller the graph's address, and hide why the
   * token was refused.
   */
  override async errorFromResponse(
    response: Parameters<RemoteGraphQLDataSource['errorFromResponse']>[0],
  ): Promise<GraphQLError> {
    const body = await this.parseBody(response);
    const {
      errors = [],
    }: { errors?: { message: string; extensions?: Record<string, unknown> }[] } = Object(body);
    const [first = { message: 'A graph behind this gateway does not answer.' }] = errors;
    return new GraphQLError(first.message, { extensions: first.extensions });
  }
}

/**
 * Apollo Gateway. It composes at start; in production give it a supergraph that was composed
 * before.
 */
export async function startGateway({ auth, posts, gatewayToken, port }: Graphs): Promise<Running> {
  const credentials: Record<string, Record<string, string>> = {
    auth: { 'x-gateway-token': gatewayToken },
  };
  const gateway = new ApolloGateway({
    supergraphSdl: new IntrospectAndCompose({
      subgraphs: [
        { name: 'auth', url: auth },
        { name: 'posts', url: posts },
      ],
      introspectionHeaders: ({ name }) => credentials[name] ?? {},
    }),
    buildService: ({ name, url }) => new Graph(url, credentials[name] ?? {}),
  });
  const server = new ApolloServer<Context>({ gateway });
  const { url } = await startStandaloneServer(server, {
    listen: { port, host: '127.0.0.1' },
    context: async ({ req }) => ({ headers: callerHeaders(req) }),
  });
  return { url, stop: () => server.stop() };
}
