import { once } from 'node:events';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { createVerifier, yogaContext } from '@latchkey/verify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../src/testing/app.ts';
import { registerPerson } from '../../src/testing/people.ts';

/**
 * Comes with Hive Gateway. By `require`, so that it and the errors that it gets are of one realm.
 */
const require = createRequire(import.meta.url);
const yogaPath = (() => {
  try {
    return require.resolve('graphql-yoga');
  } catch {
    return null;
  }
})();

describe.skipIf(yogaPath === null)('GraphQL Yoga with yogaContext', () => {
  let latchkey: TestServer;
  let server: ReturnType<typeof createServer>;
  let url: string;
  beforeAll(async () => {
    latchkey = await startTestServer();
    const { createSchema, createYoga } = require('graphql-yoga');
    const verifier = createVerifier({
      issuer: latchkey.app.config.publicUrl,
      jwksUrl: `${latchkey.url}/.well-known/jwks.json`,
    });
    const yoga = createYoga({
      schema: createSchema({
        typeDefs: 'type Query { who: ID }',
        resolvers: {
          Query: {
            who: (
              _source: unknown,
              _args: unknown,
              { caller }: Awaited<ReturnType<ReturnType<typeof yogaContext>>>,
            ) => caller?.userId ?? null,
          },
        },
      }),
      context: yogaContext(verifier, { GraphQLError: require('graphql').GraphQLError }),
      logging: false,
    });
    server = createServer(yoga).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/graphql`;
  });
  afterAll(async () => {
    server.close();
    server.closeAllConnections();
    await latchkey.stop();
  });

  const ask = async (authorization: string) => {
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization },
      body: '{"query":"{ who }"}',
    });
    return {
      status: answer.status,
      challenge: answer.headers.get('www-authenticate'),
      body: await answer.json(),
    };
  };

  it('refuses an invalid bearer token with 401', async () => {
    expect(await ask('Bearer nonsense')).toMatchObject({
      status: 401,
      challenge: 'Bearer error="invalid_token"',
      body: { errors: [{ extensions: { code: 'UNAUTHENTICATED', reason: 'TOKEN_INVALID' } }] },
    });
  });

  it('has the caller, and null without a token', async () => {
    const person = await registerPerson(latchkey);
    expect((await ask(`Bearer ${person.accessToken}`)).body).toEqual({ data: { who: person.id } });
    expect((await ask('')).body).toEqual({ data: { who: null } });
  });
});
