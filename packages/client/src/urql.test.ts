import { Client, fetchExchange, gql } from '@urql/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../../src/testing/app.ts';
import { countingFetch } from '../../../src/testing/counting-fetch.ts';
import { type Person, registerPerson } from '../../../src/testing/people.ts';
import { refusingServer } from '../../../src/testing/refusing-server.ts';
import { type AuthState, createAuthClient } from './index.ts';
import { authClientExchange } from './urql.ts';

let server: TestServer;
let person: Person;
beforeAll(async () => {
  server = await startTestServer();
  person = await registerPerson(server);
});
afterAll(() => server.stop());

const me = gql`{ me { id } }`;

async function open(options: { url?: string } = {}) {
  const counted = countingFetch();
  const auth = createAuthClient({ url: `${server.url}/graphql`, fetch: counted.fetch });
  const tokens = await auth.login({ email: person.email, password: person.password });
  if (tokens.__typename !== 'AuthTokens') throw new Error(tokens.__typename);
  const events: AuthState[] = [];
  auth.subscribe((state) => events.push(state));
  const client = new Client({
    url: options.url ?? `${server.url}/graphql`,
    fetch: counted.fetch,
    preferGetMethod: false,
    exchanges: [authClientExchange(auth), fetchExchange],
  });
  const query = (document = me) => client.query(document, {}).toPromise();
  const ten = () =>
    Array.from({ length: 10 }, (_, index) => query(gql(`query Q${index} { me { id } }`)));
  return { auth, counted, events, query, ten, accessToken: tokens.accessToken };
}

describe('authClientExchange', () => {
  it('ends with one signed-out event on a dead refresh token, and never loops', async () => {
    const { ten, query, counted, events, accessToken } = await open();
    await server.mutate('logout', {}, { token: accessToken });
    const answers = await Promise.all(ten());
    expect(counted.of('refreshSession')).toBe(1);
    expect(events).toEqual([{ status: 'signed-out', user: null, reason: 'ENDED' }]);
    for (const { error } of answers) {
      expect(error?.graphQLErrors[0]?.extensions).toMatchObject({
        code: 'UNAUTHENTICATED',
        reason: 'SESSION_REVOKED',
      });
    }
    // urql sends some once more, whatever the refresh brought.
    expect(counted.of('me')).toBeLessThanOrEqual(20);
    expect((await query()).data).toEqual({ me: null });
    expect(counted.of('refreshSession')).toBe(1);
  });

  it('gives up after one more try where a new token is refused as well', async () => {
    const other = await refusingServer();
    const { query, counted } = await open({ url: other.url });
    expect((await query()).error?.graphQLErrors[0]?.extensions).toMatchObject({
      code: 'UNAUTHENTICATED',
    });
    expect(other.received()).toBe(2);
    expect(counted.of('refreshSession')).toBe(1);
    await other.close();
  });

  it('leaves other errors alone', async () => {
    const { query, counted } = await open();
    const { error } = await query(gql`{ usersByIds(ids: []) { id } }`);
    expect(error?.graphQLErrors[0]?.extensions).toMatchObject({ code: 'FORBIDDEN' });
    expect(counted.of('usersByIds')).toBe(1);
    expect(counted.of('refreshSession')).toBe(0);
  });

  it('answers ten queries with an expired token after one refresh', async () => {
    const { ten, counted, events } = await open();
    server.clock.advance(16 * 60);
    const answers = await Promise.all(ten());
    expect(answers.map(({ data }) => data.me.id)).toEqual(
      Array.from({ length: 10 }, () => person.id),
    );
    expect(counted.of('refreshSession')).toBe(1);
    expect(events).toEqual([]);
  });

  it('reports a refresh that fails as an error, and goes on afterwards', async () => {
    const { query, counted, events } = await open();
    server.clock.advance(16 * 60);
    counted.fail('refreshSession');
    expect((await query()).error).toBeDefined();
    expect(events).toEqual([]);
    counted.mend();
    expect((await query()).data).toEqual({ me: { id: person.id } });
  });
});
