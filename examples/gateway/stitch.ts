import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import type { SubschemaConfig } from '@graphql-tools/delegate';
import { buildHTTPExecutor } from '@graphql-tools/executor-http';
import { stitchSchemas } from '@graphql-tools/stitch';
import { stitchingDirectives } from '@graphql-tools/stitching-directives';
import { RemoveObjectFieldsWithDeprecation } from '@graphql-tools/wrap';
import { buildSchema } from 'graphql';
import { callerHeaders } from './caller-headers.ts';
import type { Graphs, Running } from './running.ts';

type Context = { headers: Record<string, string> };

/** A graph by its `_sdl`, which says how its types are merged. */
async function subschema(url: string, headers: Record<string, string> = {}) {
  const executor = buildHTTPExecutor({
    endpoint: url,
    headers: (request) => ({ ...request?.context?.headers, ...headers }),
  });
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query: '{ _sdl }' }),
  });
  const { data, errors } = await response.json();
  if (errors) throw new Error(errors[0].message);
  return {
    schema: buildSchema(data._sdl, { assumeValidSDL: true }),
    executor,
    batch: true,
    // A document of more hundreds at a time would cost more than Latchkey allows.
    batchingOptions: { dataLoaderOptions: { maxBatchSize: 5 } },
    // What the gateway calls to merge users is not for its own callers.
    transforms: [new RemoveObjectFieldsWithDeprecation('gateway access only')],
  };
}

/** Asks for merged users by the hundred, the most that `usersByIds` takes. */
function byHundreds(config: SubschemaConfig): SubschemaConfig {
  const User = { ...config.merge?.['User'], dataLoaderOptions: { maxBatchSize: 100 } };
  return { ...config, merge: { ...config.merge, User } };
}

/** Both graphs, stitched. */
export async function startGateway({ auth, posts, gatewayToken, port }: Graphs): Promise<Running> {
  const { stitchingDirectivesTransformer } = stitchingDirectives();
  const schema = stitchSchemas({
    subschemaConfigTransforms: [stitchingDirectivesTransformer, byHundreds],
    subschemas: [
      await subschema(auth, { 'x-gateway-token': gatewayToken }),
      await subschema(posts),
    ],
  });
  const server = new ApolloServer<Context>({ schema });
  const { url } = await startStandaloneServer(server, {
    listen: { port, host: '127.0.0.1' },
    context: async ({ req }) => ({ headers: callerHeaders(req) }),
  });
  return { url, stop: () => server.stop() };
}
