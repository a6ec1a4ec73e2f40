import { createRequire } from 'node:module';
import { composeServices } from '@apollo/composition';
import { ApolloServer } from '@apollo/server';
import { ApolloServerPluginInlineTraceDisabled } from '@apollo/server/plugin/disabled';
import { startStandaloneServer } from '@apollo/server/standalone';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { enforceScopes } from '@latchkey/verify/graphql';
import { type GraphQLSchema, parse } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  accessCallers,
  accessMatrix,
  accessResolvers,
  accessTypes,
  decideInMatrix,
} from '../../src/testing/access-matrix.ts';
import { directivesBy } from './hive-directives.ts';

// `npm ci --prefix examples/gateway`; without that the tests are skipped.
const isInstalled = (() => {
  try {
    return createRequire(import.meta.url).resolve('@graphql-hive/gateway-runtime') !== '';
  } catch {
    return false;
  }
})();

const url = 'https://specs.apollo.dev/federation/v2.6';
const link = `extend schema
  @link(url: "${url}", import: ["@authenticated", "@requiresScopes", "@policy"])`;
// Federation takes no such directive on an interface: its objects carry them.
const federatedTypes = accessTypes
  .replace('interface Node @authenticated', 'interface Node')
  .replace('implements Node', 'implements Node @authenticated')
  .replace(
    /interface Named \{ name: String (@\S+ \S+) other/,
    'interface Named { name: String other',
  )
  .replace(
    'implements Named { name: String',
    'implements Named { name: String @requiresScopes(scopes: [["read"]])',
  );

describe('a subgraph with the directives', () => {
  const ran: string[] = [];
  let schema: GraphQLSchema;
  let server: ApolloServer;
  let supergraph: string;
  beforeAll(async () => {
    const typeDefs = parse(link + federatedTypes);
    schema = buildSubgraphSchema([{ typeDefs, resolvers: accessResolvers(ran) }]);
    const plugins = [ApolloServerPluginInlineTraceDisabled()];
    server = new ApolloServer({ schema, plugins });
    const { url } = await startStandaloneServer(server, { listen: { port: 0, host: '127.0.0.1' } });
    const { supergraphSdl, errors } = composeServices([{ name: 'one', url, typeDefs }]);
    expect(errors).toBeUndefined();
    supergraph = supergraphSdl ?? '';
  });
  afterAll(() => server.stop());

  /** The gateway, with claims as its JWT plugin would put them into the context. */
  const startGateway = async (): Promise<(query: string, name: string) => Promise<string[]>> => {
    const { createGatewayRuntime } = await import('@graphql-hive/gateway-runtime');
    const scopesOfRoles = { read: ['read'], write: ['write'], list: ['list'] };
    const genericAuth = directivesBy(scopesOfRoles);
    const gateway = createGatewayRuntime({ supergraph, logging: false, genericAuth });
    const words = (text: unknown) => String(text ?? '').split(' ');
    return async (query, name) => {
      const { claims } = accessCallers[name] ?? {};
      const payload = claims && { roles: words(claims['scope']), amr: words(claims['policies']) };
      const answer = await gateway.fetch(
        'http://localhost/graphql',
        {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ query }),
        },
        { jwt: { payload } },
      );
      const { errors = [] } = await answer.json();
      return errors.map(({ extensions }: { extensions: { code: string } }) => extensions.code);
    };
  };

  it.skipIf(!isInstalled)('is refused for the same callers by Hive Gateway', async () => {
    const ask = await startGateway();
    // What Hive Gateway lets through: an empty list, and directives on enums and scalars.
    const open = ['{ never }', '{ level }', '{ day }'];
    for (const [query, cells, refusedAt] of accessMatrix) {
      for (const [index, name] of Object.keys(accessCallers).entries()) {
        ran.length = 0;
        const isOpen = open.includes(query) || cells[index] === 'ok';
        const expected = isOpen ? [] : ['UNAUTHORIZED_FIELD_OR_TYPE'];
        expect([query, name, await ask(query, name)]).toEqual([query, name, expected]);
        if (!isOpen && query === `{ ${refusedAt} }`) expect(ran).toEqual([]);
      }
    }
  });

  it.skipIf(!isInstalled)(
    'keeps Apollo Gateway from starting: it does not apply them',
    async () => {
      const { ApolloGateway } = await import('@apollo/gateway');
      const logger = { debug() {}, info() {}, warn() {}, error() {} };
      const gateway = new ApolloGateway({ supergraphSdl: supergraph, logger });
      await expect(gateway.load()).rejects.toThrow(
        'authenticated/v0.1 is for: SECURITY but is unsupported',
      );
    },
  );

  it.skipIf(!isInstalled)('is safe behind any gateway where it enforces them itself', async () => {
    // Until now only the gateway did.
    enforceScopes(schema, { callerOf: () => null, decide: decideInMatrix });
    const ask = await startGateway();
    expect(await ask('{ signedIn }', 'no scope')).toEqual(['UNAUTHENTICATED']);
    expect(await ask('{ open }', 'nobody')).toEqual([]);
  });
});
