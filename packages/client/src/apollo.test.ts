import { ApolloClient, CombinedGraphQLErrors, gql, InMemoryCache } from '@apollo/client';
import { HttpLink } from '@apollo/client/link/http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../../src/testing/app.ts';
import { countingFetch } from '../../../src/testing/counting-fetch.ts';
import { type Person, registerPerson } from '../../../src/testing/people.ts';
import { refusingServer } from '../../../src/testing/refusing-server.ts';
import { authLink, clearCacheOnUserChange } from './apollo.ts';
import { type AuthState, createAuthClient } from './index.ts';

let server: TestServer;
let person: Person;
beforeAll(async () => {
  server = await startTestServer();
  person = await registerPerson(server);
});
afterAll(() => server.stop());

const me = gql`{ me { id } }`;
const account = gql`{ usersByIds(ids: []) { id } }`;

async function open(options: { uri?: string; accept?: string } = {}) {
  const counted = countingFetch();
  const auth = createAuthClient({ url: `${server.url}/graphql`, fetch: counted.fetch });
  const tokens = await auth.login({ email: person.email, password: person.password });
  if (tokens.__typename !== 'AuthTokens') throw new Error(tokens.__typename);
  const events: AuthState[] = [];
  auth.subscribe((state) => events.push(state));
  const http = new HttpLink({
    uri: options.uri ?? `${server.url}/graphql`,
    fetch: counted.fetch,
    ...(options.accept ? { headers: { accept: options.accept } } : {}),
  });
  const client = new ApolloClient({
    link: authLink(auth).concat(http),
    cache: new InMemoryCache(),
  });
  const query = (document = me) =>
    client.query({ query: document, fetchPolicy: 'no-cache', errorPolicy: 'none' });
  /** Apollo sends one request for ten of the same; ten of their own are asked for. */
  const ten = () =>
    Array.from({ length: 10 }, (_, index) =>
      client.query({ query: gql(`query Q${index} { me { id } }`), fetchPolicy: 'no-cache' }),
    );
  return { client, auth, counted, events, query, ten, accessToken: tokens.accessToken };
}

describe('authLink', () => {
  it('ends with one signed-out event on a dead refresh token, without a retry', async () => {
    const { ten, counted, events, accessToken } = await open();
    await server.mutate('logout', {}, { token: accessToken });
    for (const answer of await Promise.allSettled(ten())) {
      expect(answer.status).toBe('rejected');
      const { reason } = answer as PromiseRejectedResult;
      expect(CombinedGraphQLErrors.is(reason) && reason.errors[0]?.extensions?.['reason']).toBe(
        'SESSION_REVOKED',
      );
    }
    expect(counted.of('refreshSession')).toBe(1);
    expect(counted.of('me')).toBe(10);
    expect(events).toEqual([{ status: 'signed-out', user: null, reason: 'ENDED' }]);
  });

  it('gives up after one more try where a new token is refused as well', async () => {
    const other = await refusingServer();
    const { query, counted } = await open({ uri: other.url });
    await expect(query()).rejects.toThrow(CombinedGraphQLErrors);
    expect(other.received()).toBe(2);
    expect(counted.of('refreshSession')).toBe(1);
    await other.close();
  });

  it('leaves other errors alone', async () => {
    const { query, counted } = await open();
    await expect(query(account)).rejects.toMatchObject({
      errors: [{ extensions: { code: 'FORBIDDEN' } }],
    });
    expect(counted.of('usersByIds')).toBe(1);
    expect(counted.of('refreshSession')).toBe(0);
  });

  it.each([undefined, 'application/json'])(
    'answers ten queries with an expired token after one refresh (Accept: %s)',
    async (accept) => {
      const { ten, counted, events } = await open(accept ? { accept } : {});
      server.clock.advance(16 * 60);
      const answers = await Promise.all(ten());
      expect(answers.map(({ data }) => data)).toEqual(
        Array.from({ length: 10 }, () => ({ me: { __typename: 'User', id: person.id } })),
      );
      expect(counted.of('refreshSession')).toBe(1);
      expect(events).toEqual([]);
    },
  );

  it('sends no header when no user is signed in', async () => {
    const { auth, query } = await open();
    await auth.logout();
    expect((await query()).data).toEqual({ me: null });
  });
});

describe('clearCacheOnUserChange', () => {
  const watch = ({ client }: Awaited<ReturnType<typeof open>>) => {
    const seen: unknown[] = [];
    client.watchQuery({ query: me }).subscribe(({ data, error }) => seen.push(error ?? data));
    return seen;
  };

  it('asks for what is shown once more as the next user, also in the middle of it', async () => {
    const other = await registerPerson(server);
    const opened = await open();
    clearCacheOnUserChange(opened.auth, opened.client);
    const seen = watch(opened);
    await expect.poll(() => seen.at(-1)).toMatchObject({ me: { id: person.id } });
    const begun = opened.client.refetchQueries({ include: 'active' });
    await opened.auth.login({ email: other.email, password: other.password });
    await begun;
    await expect.poll(() => seen.at(-1)).toMatchObject({ me: { id: other.id } });
    expect(seen.filter((one) => one instanceof Error)).toEqual([]);
  });

  it('leaves nothing of the user in the cache after a sign-out, and is ended', async () => {
    const opened = await open();
    const end = clearCacheOnUserChange(opened.auth, opened.client);
    await opened.client.query({ query: me });
    await opened.auth.logout();
    await expect.poll(() => JSON.stringify(opened.client.extract())).not.toContain(person.id);
    end();
    await opened.auth.login({ email: person.email, password: person.password });
    await opened.client.query({ query: me });
    await opened.auth.logout();
    expect(JSON.stringify(opened.client.extract())).toContain(person.id);
  });
});
