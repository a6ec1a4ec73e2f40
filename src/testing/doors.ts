import type { TestServer } from './app.ts';
import { meQuery } from './client.ts';
import type { Person } from './people.ts';

/** The GATEWAY_TOKEN of every test server that is asked to introspect tokens. */
export const gatewayToken = 'rQ7vN2kLx9TzB4mWc8PdYs3HfGj6VbAe';

export type Tokens = Pick<Person, 'id' | 'accessToken' | 'refreshToken'>;

/** Sends a form as a service would. */
export async function postForm(
  server: Pick<TestServer, 'url'>,
  path: string,
  form: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = { authorization: `Bearer ${gatewayToken}` },
): Promise<{ status: number; headers: Headers; body: Record<string, unknown> }> {
  const response = await fetch(`${server.url}${path}`, {
    method: 'POST',
    headers,
    body: new URLSearchParams(form),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: text === '' ? {} : JSON.parse(text),
  };
}

async function isActive(server: TestServer, token: string): Promise<boolean> {
  const { status, body } = await postForm(server, '/oauth/introspect', { token });
  if (status !== 200) throw new Error(`introspection answered ${status}`);
  if (body['active'] === false && Object.keys(body).length !== 1)
    throw new Error('an inactive token discloses more than `active`');
  return body['active'] === true;
}

/**
 * Every endpoint that accepts a session's tokens, with a check whether it still does. Ending a
 * session must take effect at all of them on the next request (SE-11, ADV-45). New endpoints belong
 * in this list.
 */
export const doors: Readonly<
  Record<string, (server: TestServer, tokens: Tokens) => Promise<boolean>>
> = {
  me: async (server, { id, accessToken }) => {
    const { data } = await server.send(meQuery, {}, { token: accessToken });
    return data?.me?.id === id;
  },
  'account.sessions': async (server, { id, accessToken }) => {
    const query = '{ account { user { id } sessions { totalCount } } }';
    const { data } = await server.send(query, {}, { token: accessToken });
    return data?.account?.user?.id === id;
  },
  'GET /verify': async (server, { accessToken }) => {
    const { status } = await fetch(`${server.url}/verify`, {
      headers: { authorization: `Bearer ${accessToken}` },
    });
    return status === 200;
  },
  'introspection of the access token': (server, { accessToken }) => isActive(server, accessToken),
  'introspection of the refresh token': (server, { refreshToken }) =>
    isActive(server, refreshToken),
  // The last check, because success consumes the refresh token.
  refreshSession: async (server, { refreshToken }) => {
    const answer = await server.mutate('refreshSession', { refreshToken });
    return answer.__typename === 'AuthTokens';
  },
};

/** The endpoints that accept these tokens. */
export async function openDoors(server: TestServer, tokens: Tokens): Promise<string[]> {
  const open: string[] = [];
  for (const [name, isOpen] of Object.entries(doors))
    if (await isOpen(server, tokens)) open.push(name);
  return open;
}
