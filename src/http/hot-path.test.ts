import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { secondsAfter } from '../clock.ts';
import { sessions } from '../db/tables/sessions.ts';
import { startTestServer, type TestServer } from '../testing/app.ts';
import { meQuery } from '../testing/client.ts';
import { createTestDatabase, type TestDatabase } from '../testing/database.ts';
import { signInByProvider, withProviders } from '../testing/identities.ts';
import { startIdentityProvider } from '../testing/identity-provider.ts';
import { registerPerson } from '../testing/people.ts';

const statements: string[] = [];
let database: TestDatabase;
let server: TestServer;
beforeAll(async () => {
  // One statement at a time, so that the counted ones belong to the request.
  database = await createTestDatabase({ onStatement: (text) => statements.push(text) });
  server = await startTestServer({ database });
});
afterAll(async () => {
  await server.stop();
  await database.drop();
});

/** The statements of a request, without those of the mail worker and the key refresh. */
async function statementsOf(request: () => Promise<unknown>): Promise<string[]> {
  statements.length = 0;
  await request();
  return statements.filter((text) => !/outbox_messages|signing_keys/.test(text));
}

describe('the statements of the hot path', () => {
  it('SE-7 one statement for me: the session is looked up every time', async () => {
    const { accessToken } = await registerPerson(server);
    for (let count = 0; count < 3; count += 1) {
      const sent = await statementsOf(() => server.send(meQuery, {}, { token: accessToken }));
      expect(sent).toEqual([
        expect.stringMatching(/^select .* from "sessions" inner join "users"/),
      ]);
    }
  });

  it('SE-7 one statement for /verify, and none for an invalid token', async () => {
    const { accessToken } = await registerPerson(server);
    const ask = (token: string) =>
      fetch(`${server.url}/verify`, { headers: { authorization: `Bearer ${token}` } });
    expect(await statementsOf(() => ask(accessToken))).toHaveLength(1);
    expect(await statementsOf(() => ask(`${accessToken.slice(0, -4)}AAAA`))).toEqual([]);
  });

  it('X-17 two for the first request after a refresh, which notes it, and one again', async () => {
    const person = await registerPerson(server);
    const { accessToken } = await server.mutate('refreshSession', {
      refreshToken: person.refreshToken,
    });
    const me = (token: string) => statementsOf(() => server.send(meQuery, {}, { token }));
    // A token from before shows nothing.
    expect(await me(person.accessToken)).toHaveLength(1);
    expect(await me(accessToken)).toEqual([
      expect.stringMatching(/^select .* from "sessions" inner join "users"/),
      expect.stringMatching(/^update "sessions" set "unseen_generation" = /),
    ]);
    for (let count = 0; count < 3; count += 1) expect(await me(accessToken)).toHaveLength(1);
    expect(await me(person.accessToken)).toHaveLength(1);
  });

  it('SE-6 one statement for a refresh: it rotates, and reads session and user', async () => {
    let { refreshToken } = await registerPerson(server);
    for (let count = 0; count < 3; count += 1) {
      const sent = await statementsOf(async () => {
        ({ refreshToken } = await server.mutate('refreshSession', { refreshToken }));
      });
      expect(sent).toEqual([
        expect.stringMatching(/^update "sessions" set .* from "users" .* returning/s),
      ]);
    }
  });

  it('two statements for a repeated or refused refresh, one if made up', async () => {
    const { refreshToken } = await registerPerson(server);
    await server.mutate('refreshSession', { refreshToken });
    expect(
      await statementsOf(() => server.mutate('refreshSession', { refreshToken })),
    ).toHaveLength(2);
    // No more for one beyond the session's budget, which a client can repeat at will.
    const { refreshToken: current, sessionId } = await registerPerson(server);
    await database.database.db
      .update(sessions)
      .set({
        refreshWindowCount: 1_000_000,
        refreshWindowEndsAt: secondsAfter(server.clock.now(), 60),
      })
      .where(eq(sessions.id, sessionId));
    const refused = await statementsOf(async () => {
      expect(await server.mutate('refreshSession', { refreshToken: current })).toMatchObject({
        code: 'RATE_LIMITED',
        retryAfter: 60,
      });
    });
    expect(refused).toHaveLength(2);
    const made = await statementsOf(() =>
      server.mutate('refreshSession', { refreshToken: 'nonsense' }),
    );
    expect(made).toEqual([expect.stringMatching(/^insert into "rate_limits"/)]);
  });

  it('two statements for account with a page of sessions', async () => {
    const { accessToken } = await registerPerson(server);
    const query =
      '{ account { hasPassword sessions { totalCount edges { node { id device } } } } }';
    expect(await statementsOf(() => server.send(query, {}, { token: accessToken }))).toHaveLength(
      2,
    );
  });

  it('B10 fourteen statements for a whole sign-in by another provider', async () => {
    const provider = await startIdentityProvider();
    const double = provider.entry({ trustEmail: true });
    const other = await server.another(withProviders([double]));
    const signIn = () => signInByProvider(other, provider);
    expect(await signIn()).toMatchObject({ __typename: 'AuthTokens' });
    expect(await statementsOf(signIn)).toHaveLength(14);
    await other.stop();
    await provider.stop();
  });
});
