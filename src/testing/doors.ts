import type { TestServer } from './app.ts';
import { meQuery } from './client.ts';
import type { Person } from './people.ts';

/** Of every test server that is asked to introspect. */
export const gatewayToken = 'rQ7vN2kLx9TzB4mWc8PdYs3HfGj6VbAe';

export type Tokens = Pick<Person, 'id' | 'accessToken' | 'refreshToken'>;

/** A form, as a service sends it. */
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
    throw new Error('an inactive token tells more');
  return body['active'] === true;
}

/**
 * Every place where a session's tokens count for something, and whether they still do. Whatever
 * ends a session ends it at all of them, on the next request (SE-11, ADV-45). A new place belongs
 * here.
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
  // The last: where it is open the refresh token is spent.
  refreshSession: async (server, { refreshToken }) => {
    const answer = await server.mutate('refreshSession', { refreshToken });
    return answer.__typename === 'AuthTokens';
  },
};

/** Which doors are open to these tokens. */
export async function openDoors(server: TestServer, tokens: Tokens): Promise<string[]> {
  const open: string[] = [];
  for (const [name, isOpen] of Object.entries(doors))
    if (await isOpen(server, tokens)) open.push(name);
  return open;
}
