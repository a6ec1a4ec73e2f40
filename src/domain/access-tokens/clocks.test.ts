import { afterEach, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { createTestClock } from '../../testing/clock.ts';
import { goodPassword, registerPerson } from '../../testing/people.ts';
import { removeSigningKey } from '../signing-keys/remove-signing-key.ts';

const meQuery = '{ me { email } }';

describe('X-27 clocks that differ', () => {
  const running: TestServer[] = [];
  afterEach(async () => {
    for (const server of running.splice(0).reverse()) await server.stop();
  });
  async function start(options: Parameters<typeof startTestServer>[0] = {}): Promise<TestServer> {
    const server = await startTestServer(options);
    running.push(server);
    return server;
  }
  /** Two servers on one database, the second with a clock of its own. */
  async function two(ahead: number) {
    const first = await start();
    const clock = createTestClock(new Date(first.clock.now().getTime() + ahead * 1000));
    const { database, mailbox } = first;
    return { first, second: await start({ clock, database, mailbox }) };
  }
  const me = async (server: TestServer, token: string) => {
    const answer = await server.send(meQuery, {}, { token });
    return answer.data?.me?.email ?? answer.errors?.[0]?.extensions;
  };

  it.each([15, 59, -15, -59])(
    'a server %i seconds ahead and the other take each other’s tokens',
    async (ahead) => {
      const { first, second } = await two(ahead);
      const person = await registerPerson(first);
      expect(await me(second, person.accessToken)).toBe(person.email);
      const input = { email: person.email, password: goodPassword };
      const other = await second.mutate('login', input);
      expect(await me(first, other.accessToken)).toBe(person.email);
      const { refreshToken } = other;
      const refreshed = await first.mutate('refreshSession', { refreshToken });
      expect(await me(second, refreshed.accessToken)).toBe(person.email);
    },
  );

  it('further ahead, the reason is one that clients refresh on, and that helps', async () => {
    const { first, second } = await two(300);
    const person = await registerPerson(second);
    expect(await me(first, person.accessToken)).toMatchObject({
      code: 'UNAUTHENTICATED',
      reason: 'TOKEN_INVALID',
    });
    const { refreshToken } = person;
    const refreshed = await first.mutate('refreshSession', { refreshToken });
    expect(await me(first, refreshed.accessToken)).toBe(person.email);
  });

  it('a clock that is set back by 30 s leaves valid what was issued, young keys too', async () => {
    const server = await start();
    const person = await registerPerson(server);
    // A key that was made just now, in an emergency.
    await removeSigningKey(server.app, { kid: server.app.keyRing.signing().kid });
    await server.app.keyRing.load();
    const { refreshToken } = person;
    const before = await server.mutate('refreshSession', { refreshToken });
    expect(await me(server, before.accessToken)).toBe(person.email);
    server.clock.advance(-30);
    expect(await me(server, before.accessToken)).toBe(person.email);
    const after = await server.mutate('refreshSession', { refreshToken: before.refreshToken });
    expect(await me(server, after.accessToken)).toBe(person.email);
    const input = { email: person.email, password: goodPassword };
    expect((await server.mutate('login', input)).__typename).toBe('AuthTokens');
    const other = await registerPerson(server);
    expect(await me(server, other.accessToken)).toBe(other.email);
  });
});
