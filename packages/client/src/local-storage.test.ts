import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { startTestServer, type TestServer } from '../../../src/testing/app.ts';
import { type Person, registerPerson } from '../../../src/testing/people.ts';
import { type AuthClient, createAuthClient } from './index.ts';

let server: TestServer;
let person: Person;
const clients: AuthClient[] = [];
beforeAll(async () => {
  server = await startTestServer();
  person = await registerPerson(server);
});
afterEach(() => {
  vi.unstubAllGlobals();
  for (const client of clients.splice(0)) client.close();
});
afterAll(() => server.stop());

/** A browser's localStorage, which pages of one origin share. */
function shareStorage(): Map<string, string> {
  const items = new Map<string, string>();
  const localStorage = {
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => items.set(key, value),
    removeItem: (key: string) => items.delete(key),
  };
  vi.stubGlobal('window', { localStorage });
  return items;
}

function openPage(): AuthClient {
  const client = createAuthClient({ url: `${server.url}/graphql`, storage: 'local' });
  clients.push(client);
  return client;
}

const credentials = ({ email, password }: Person) => ({ email, password });

describe("storage: 'local'", () => {
  it('signs in for this page alone where the browser blocks localStorage', async () => {
    vi.stubGlobal('window', {
      get localStorage() {
        throw new Error('blocked');
      },
    });
    const page = openPage();
    expect(await page.start()).toMatchObject({ status: 'signed-out' });
    expect(await page.login(credentials(person))).toMatchObject({ __typename: 'AuthTokens' });
    expect(page.getState().status).toBe('signed-in');
  });

  it('survives a reload, and refreshes there', async () => {
    shareStorage();
    await openPage().login(credentials(person));
    const page = openPage();
    expect(await page.start()).toMatchObject({ status: 'signed-in', user: { id: person.id } });
    server.clock.advance(16 * 60);
    vi.setSystemTime(Date.now() + 16 * 60 * 1000);
    const reloaded = openPage();
    expect(await reloaded.account()).toMatchObject({ user: { id: person.id } });
    vi.useRealTimers();
  });

  it('is empty after a sign-out, which the other tab hears', async () => {
    const items = shareStorage();
    const [first, second] = [openPage(), openPage()];
    await first.login(credentials(person));
    await second.start();
    await first.logout();
    await expect.poll(() => second.getState()).toMatchObject({ reason: 'ELSEWHERE' });
    expect([...items.keys()]).toEqual([]);
    expect(await openPage().start()).toMatchObject({ status: 'signed-out' });
  });
});
