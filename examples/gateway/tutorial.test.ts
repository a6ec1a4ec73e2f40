import { once } from 'node:events';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startTestServer, type TestServer } from '../../src/testing/app.ts';
import { send } from '../../src/testing/client.ts';
import { freePort } from '../../src/testing/free-port.ts';
import { type Person, registerPerson, signIn } from '../../src/testing/people.ts';
import { setRoles } from '../../src/testing/rows.ts';

// `npm ci --prefix examples/gateway`; without that the tests are skipped.
const isInstalled = (() => {
  try {
    return createRequire(import.meta.url).resolve('@graphql-hive/gateway-runtime') !== '';
  } catch {
    return false;
  }
})();

describe.skipIf(!isInstalled)('the files of docs/tutorials/federated-graph.md', () => {
  let latchkey: TestServer;
  let url: string;
  let ada: Person;
  const stops: (() => unknown)[] = [];
  beforeAll(async () => {
    const [port, postsPort, gatewayPort] = [await freePort(), await freePort(), await freePort()];
    const publicUrl = `http://localhost:${port}`;
    const gatewayToken = 'the-gateway-of-the-tutorial-shows-this-token';
    latchkey = await startTestServer({
      config: {
        publicUrl,
        port,
        host: 'localhost',
        gatewayToken,
        jwt: { algorithm: 'RS256', audience: publicUrl, type: 'JWT' },
      },
    });
    vi.stubEnv('AUTH_URL', publicUrl);
    vi.stubEnv('GATEWAY_TOKEN', gatewayToken);
    vi.stubEnv('POSTS_PORT', String(postsPort));
    vi.stubEnv('PORT', String(gatewayPort));
    const posts = await import('./tutorial/posts.ts');
    stops.push(() => posts.server.stop());
    const { server } = await import('./tutorial/gateway.ts');
    if (!server.listening) await once(server, 'listening');
    stops.push(() => server.closeAllConnections());
    stops.push(() => server.close());
    url = `http://localhost:${gatewayPort}`;
    ada = await registerPerson(latchkey, { name: 'Ada' });
  });
  afterAll(async () => {
    for (const stop of stops.reverse()) await stop();
    vi.unstubAllEnvs();
    await latchkey.stop();
  });

  const ask = async (query: string, token?: string) => {
    const { data, errors } = await send(url, query, {}, { token });
    return { data, codes: errors.map(({ extensions }) => extensions.code) };
  };

  it('refuse a post of nobody, and what moderators alone may read', async () => {
    expect(await ask('mutation { createPost(title: "spam") { id } }')).toEqual({
      data: { createPost: null },
      codes: ['UNAUTHENTICATED'],
    });
    const post = 'mutation { createPost(title: "Hello") { title author { name } } }';
    expect(await ask(post, ada.accessToken)).toEqual({
      data: { createPost: { title: 'Hello', author: { name: 'Ada' } } },
      codes: [],
    });
    expect(await ask('{ posts { title reports } }', ada.accessToken)).toEqual({
      data: { posts: [{ title: 'Hello', reports: null }] },
      codes: ['FORBIDDEN'],
    });
    await setRoles(latchkey, ada.id, ['moderator']);
    const { accessToken } = await signIn(latchkey, ada);
    expect(await ask('{ me { email posts { title reports } } }', accessToken)).toEqual({
      data: { me: { email: ada.email, posts: [{ title: 'Hello', reports: 0 }] } },
      codes: [],
    });
  });
});
