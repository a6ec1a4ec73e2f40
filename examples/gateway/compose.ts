import { composeServices } from '@apollo/composition';
import { parse } from 'graphql';
import type { Graphs } from './running.ts';

/** The SDL of a subgraph, as `rover subgraph introspect` gets it. */
export async function subgraphSdl(
  url: string,
  headers: Record<string, string> = {},
): Promise<string> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query: '{ _service { sdl } }' }),
  });
  const { data, errors } = await response.json();
  if (errors) throw new Error(errors[0].message);
  return data._service.sdl;
}

/**
 * The supergraph, as `rover supergraph compose` makes it. Throws where the graphs do not fit
 * together.
 */
export async function composeSupergraph({ auth, posts, gatewayToken }: Graphs): Promise<string> {
  const [authSdl, postsSdl] = await Promise.all([
    subgraphSdl(auth, { 'x-gateway-token': gatewayToken }),
    subgraphSdl(posts),
  ]);
  const composed = composeServices([
    { name: 'auth', url: auth, typeDefs: parse(authSdl) },
    { name: 'posts', url: posts, typeDefs: parse(postsSdl) },
  ]);
  if (composed.errors) throw new Error(composed.errors.map(({ message }) => message).join('\n'));
  return composed.supergraphSdl;
}
