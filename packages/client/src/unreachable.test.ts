import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { publicFields } from '../../../src/graphql/access.ts';
import { startTestServer, type TestServer } from '../../../src/testing/app.ts';
import { countingFetch } from '../../../src/testing/counting-fetch.ts';
import { type Person, registerPerson } from '../../../src/testing/people.ts';
import { ageProof, sessionsOf } from '../../../src/testing/rows.ts';
import {
  type AuthClient,
  createAuthClient,
  type SessionStorage,
  type StoredSession,
  UnreachableError,
} from './index.ts';
import { mutationNames } from './mutation-of.ts';
import { createRetry } from './retry.ts';

let server: TestServer;
let person: Person;
const clients: AuthClient[] = [];
beforeAll(async () => {
  server = await startTestServer();
  person = await registerPerson(server);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  for (const client of clients.splice(0)) client.close();
});
afterAll(() => server.stop());

const me = '{ me { id } }';
const patience = { timeout: 60_000 };

/** A storage that refuses what the test says. */
function fickle() {
  const refuse = { load: false, save: false, clear: false };
  const say = (what: keyof typeof refuse) => {
    if (refuse[what]) throw new Error(`The keychain refuses to ${what}.`);
  };
  const storage: SessionStorage & { kept: StoredSession | null } = {
    kept: null,
    load: () => {
      say('load');
      return storage.kept;
    },
    save: async (session) => {
      say('save');
      storage.kept = session;
    },
    clear: () => {
      say('clear');
      storage.kept = null;
    },
  };
  return { storage, refuse };
}

function open(storage: SessionStorage | 'cookie', name = 'latchkey') {
  const counted = countingFetch();
  const url = `${server.url}/graphql`;
  const client = createAuthClient({ url, storage, name, fetch: counted.fetch });
  clients.push(client);
  return { client, counted };
}

const signIn = (client: AuthClient) =>
  client.login({ email: person.email, password: person.password });

/** A client whose stored token has expired, at the moment of a failure. */
async function openUnreachable() {
  const { storage, refuse } = fickle();
  await signIn(open(storage).client);
  if (storage.kept) storage.kept = { ...storage.kept, expiresAt: 0 };
  const opened = open(storage);
  opened.counted.fail('refreshSession');
  return { ...opened, storage, refuse };
}

describe('a session that could not be restored', () => {
  it('X-15 is a state of its own, not signed out', async () => {
    const { client } = await openUnreachable();
    expect(await client.start()).toEqual({ status: 'unreachable', user: null });
  });

  it('X-16 sends nothing as an anonymous user: the request fails, and says why', async () => {
    const { client, counted } = await openUnreachable();
    const refused = client.request(me);
    await expect(refused).rejects.toThrow(UnreachableError);
    await expect(refused).rejects.toThrow(/session could not be restored: fetch failed/);
    await expect(client.getAccessToken()).rejects.toThrow(UnreachableError);
    await expect(client.updateProfile({ name: 'Eve' })).rejects.toThrow(UnreachableError);
    expect([counted.of('me'), counted.of('updateProfile')]).toEqual([0, 0]);
    counted.mend();
    expect(await client.request(me)).toEqual({ me: { id: person.id } });
    expect(client.getState().status).toBe('signed-in');
  });

  it('X-16 keeps no user from signing in', async () => {
    const { client } = await openUnreachable();
    expect(await signIn(client)).toMatchObject({ __typename: 'AuthTokens' });
    expect(client.getState().status).toBe('signed-in');
    expect(await client.request(me)).toEqual({ me: { id: person.id } });
  });

  it.each(mutationNames().filter((name) => !/^(refreshSession|logout)$/.test(name)))(
    'X-16 %s goes out without a session only if it is for users who have none',
    async (mutation) => {
      const { client, counted } = await openUnreachable();
      const methods = client as unknown as Record<string, (input: object) => Promise<unknown>>;
      await methods[mutation]?.({}).catch(() => {});
      expect(counted.of(mutation)).toBe(publicFields.has(`Mutation.${mutation}`) ? 1 : 0);
    },
  );

  it('X-15 is tried again after a while, without being asked', async () => {
    const { client, counted } = await openUnreachable();
    await client.start();
    counted.mend();
    await vi.waitFor(() => expect(client.getState().status).toBe('signed-in'), patience);
  });

  it('X-15 is tried again ever more slowly, and not before the server allows', () => {
    vi.useFakeTimers();
    let tries = 0;
    const retry = createRetry(() => {
      tries += 1;
      retry.later();
    });
    retry.later();
    vi.advanceTimersByTime(400);
    expect(tries).toBe(0);
    vi.advanceTimersByTime(600);
    expect(tries).toBe(1);
    vi.advanceTimersByTime(10 * 60_000);
    expect(tries).toBeGreaterThan(10);
    expect(tries).toBeLessThan(30);
    retry.later(30_000);
    const sofar = tries;
    vi.advanceTimersByTime(29_000);
    expect(tries).toBe(sofar);
    retry.stop();
    vi.advanceTimersByTime(10 * 60_000);
    expect(tries).toBe(sofar);
  });

  it('X-15 that a limit stopped waits as long as the server says', async () => {
    const opened = await openUnreachable();
    const timers = vi.spyOn(globalThis, 'setTimeout');
    const limited = createAuthClient({
      url: `${server.url}/graphql`,
      storage: opened.storage,
      fetch: async () =>
        Response.json({
          data: {
            refreshSession: {
              __typename: 'AuthError',
              code: 'RATE_LIMITED',
              message: 'Too many.',
              fields: [],
              retryAfter: 77,
            },
          },
        }),
    });
    clients.push(limited);
    expect((await limited.start()).status).toBe('unreachable');
    expect(timers.mock.calls.map(([, wait]) => wait)).toContain(77_000);
    timers.mockRestore();
  });
});

/** What a browser's page has. */
function stubWindow(): EventTarget {
  const kept = new Map<string, string>();
  const page = Object.assign(new EventTarget(), {
    localStorage: {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => void kept.set(key, value),
      removeItem: (key: string) => void kept.delete(key),
    },
  });
  vi.stubGlobal('window', page);
  return page;
}

describe('in a browser', () => {
  it.each(['online', 'focus', 'visibilitychange', 'storage'])(
    'X-15 is tried again at once on %s, until the client is closed',
    async (event) => {
      const page = stubWindow();
      const { client, counted } = await openUnreachable();
      await client.start();
      expect(counted.of('refreshSession')).toBe(1);
      page.dispatchEvent(new Event(event));
      await vi.waitFor(() => expect(counted.of('refreshSession')).toBe(2), patience);
      expect(client.getState().status).toBe('unreachable');
      counted.mend();
      page.dispatchEvent(new Event(event));
      await vi.waitFor(() => expect(client.getState().status).toBe('signed-in'), patience);
      expect(counted.of('refreshSession')).toBe(3);
      page.dispatchEvent(new Event(event));
      client.close();
      page.dispatchEvent(new Event(event));
      expect(counted.of('refreshSession')).toBe(3);
    },
  );

  it('X-15 takes the session of another tab that has reached the server', async () => {
    stubWindow();
    const { client, storage } = await openUnreachable();
    await client.start();
    expect(client.getState().status).toBe('unreachable');
    const other = open(storage);
    await signIn(other.client);
    await vi.waitFor(() => expect(client.getState().status).toBe('signed-in'), patience);
    expect(await client.request(me)).toEqual({ me: { id: person.id } });
  });

  it('X-16 goes on where localStorage is full', async () => {
    const page = stubWindow();
    Object.assign(page, {
      localStorage: {
        getItem: () => null,
        setItem: () => {
          throw new DOMException('full', 'QuotaExceededError');
        },
        removeItem: () => {
          throw new DOMException('full', 'QuotaExceededError');
        },
      },
    });
    const { client } = open(fickle().storage);
    expect(await signIn(client)).toMatchObject({ __typename: 'AuthTokens' });
    expect(await client.logout()).toMatchObject({ __typename: 'AuthAccepted' });
    expect(client.getState().status).toBe('signed-out');
  });
});

describe('a storage that refuses', () => {
  it('X-16 to write costs no session, and is written to again', async () => {
    const { storage, refuse } = fickle();
    const { client, counted } = open(storage);
    refuse.save = true;
    expect(await signIn(client)).toMatchObject({ __typename: 'AuthTokens' });
    expect(client.getState().status).toBe('signed-in');
    for (let round = 1; round <= 4; round += 1) {
      expect(storage.kept).toBeNull();
      refuse.save = round < 4;
      server.clock.advance(16 * 60);
      expect(await client.request(me)).toEqual({ me: { id: person.id } });
      expect(counted.of('refreshSession')).toBe(round);
    }
    expect(storage.kept?.accessToken).toBe(client.peek()?.accessToken);
    const second = open(storage);
    expect((await second.client.start()).status).toBe('signed-in');
    await second.client.renew(client.peek()?.accessToken ?? '', 'TOKEN_EXPIRED');
    expect(await second.client.request(me)).toEqual({ me: { id: person.id } });
  });

  it('X-16 once, in the middle, does not bring back an older token', async () => {
    const { storage, refuse } = fickle();
    const { client } = open(storage);
    await signIn(client);
    const first = storage.kept?.refreshToken;
    refuse.save = true;
    server.clock.advance(16 * 60);
    await client.request(me);
    refuse.save = false;
    expect(storage.kept?.refreshToken).toBe(first);
    server.clock.advance(16 * 60);
    await client.request(me);
    expect(storage.kept?.refreshToken).not.toBe(first);
    expect(client.getState().status).toBe('signed-in');
  });

  it('X-16 to be emptied is emptied later, and brings no session back', async () => {
    const { storage, refuse } = fickle();
    const { client } = open(storage);
    await signIn(client);
    refuse.clear = true;
    await client.logout();
    expect(client.getState()).toMatchObject({ status: 'signed-out', reason: 'LOGGED_OUT' });
    expect(await client.request(me)).toEqual({ me: null });
    refuse.clear = false;
    await vi.waitFor(() => expect(storage.kept).toBeNull(), patience);
  });

  it('X-16 to be read sends nothing, lets a user sign in, and sign out on the server', async () => {
    const { storage, refuse } = fickle();
    refuse.load = true;
    const { client, counted } = open(storage);
    expect((await client.start()).status).toBe('unreachable');
    await expect(client.request(me)).rejects.toThrow(/The keychain refuses to load/);
    expect(counted.of('me')).toBe(0);
    const tokens = await signIn(client);
    if (tokens.__typename !== 'AuthTokens') throw new Error(tokens.__typename);
    await client.updateProfile({ name: 'Ada' });
    expect(client.getState().user?.name).toBe('Ada');
    expect(await client.logout()).toMatchObject({ __typename: 'AuthAccepted' });
    const ended = (await sessionsOf(server, person.id)).find(({ id }) => id === tokens.session.id);
    expect(ended?.revokedAt).not.toBeNull();
  });
});

describe('signing out', () => {
  function deferred<T>() {
    let resolve: (value: T) => void = () => {};
    let reject: (error: Error) => void = () => {};
    const promise = new Promise<T>((keep, refuse) => {
      resolve = keep;
      reject = refuse;
    });
    return { promise, resolve, reject };
  }

  /** A client of a user who has signed in; `delay` holds the answers to a field back. */
  async function openSignedIn(
    field = 'nothing',
    meanwhile: () => Promise<unknown> = async () => {},
  ) {
    const { storage, refuse } = fickle();
    const sent: string[] = [];
    const counted = { ...countingFetch() };
    const client = createAuthClient({
      url: `${server.url}/graphql`,
      storage,
      fetch: async (input, init) => {
        const [, name = ''] = /mutation (\w+)/.exec(String(init?.body)) ?? [];
        sent.push(name);
        const answer = await counted.fetch(input, init);
        if (name === field) await meanwhile();
        sent.push(`${name} answered`);
        return answer;
      },
    });
    clients.push(client);
    const tokens = await signIn(client);
    if (tokens.__typename !== 'AuthTokens') throw new Error(tokens.__typename);
    sent.length = 0;
    return { client, counted, sent, storage, refuse, sessionId: tokens.session.id };
  }
  const endOf = async (sessionId: string) =>
    (await sessionsOf(server, person.id)).find(({ id }) => id === sessionId)?.revokedAt;

  it('X-14 rejects where the storage cannot be read, since the server cannot be told', async () => {
    const { storage, sessionId } = await openSignedIn();
    const reading = fickle();
    reading.storage.kept = storage.kept;
    reading.refuse.load = true;
    const { client, counted } = open(reading.storage);
    expect((await client.start()).status).toBe('unreachable');
    const refused = client.logout({ everywhere: true });
    await expect(refused).rejects.toThrow(UnreachableError);
    await expect(refused).rejects.toThrow(/The keychain refuses to load/);
    expect(counted.of('logout')).toBe(0);
    expect(client.getState()).toMatchObject({ status: 'signed-out', reason: 'LOGGED_OUT' });
    expect(reading.storage.kept).toBeNull();
    expect(await endOf(sessionId)).toBeNull();
  });

  it('X-14 tells the server where the storage can be read after all', async () => {
    const { storage, sessionId } = await openSignedIn();
    const reading = fickle();
    reading.storage.kept = storage.kept;
    reading.refuse.load = true;
    const { client } = open(reading.storage);
    await client.start();
    reading.refuse.load = false;
    expect(await client.logout()).toMatchObject({ __typename: 'AuthAccepted' });
    expect(await endOf(sessionId)).not.toBeNull();
    expect(client.getState()).toMatchObject({ status: 'signed-out', reason: 'LOGGED_OUT' });
  });

  it('X-14 ends here where the server swallows the request, and rejects in time', async () => {
    const { client, counted, storage } = await openSignedIn();
    counted.swallow('logout');
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const refused = expect(client.logout()).rejects.toThrow('did not answer in time');
    await vi.advanceTimersByTimeAsync(0);
    expect(counted.of('logout')).toBe(1);
    // What would bring the session back at the next start is gone already.
    expect(storage.kept).toBeNull();
    await vi.advanceTimersByTimeAsync(15_000);
    await refused;
    expect(client.getState()).toMatchObject({ status: 'signed-out', reason: 'LOGGED_OUT' });
    vi.useRealTimers();
    expect(await client.request(me)).toEqual({ me: null });
  });

  it('X-14 tells the app when the server has answered: it may leave the page then', async () => {
    const states: string[] = [];
    const opened = await openSignedIn('logout', async () => {
      states.push(opened.client.getState().status);
    });
    await opened.client.logout();
    expect([...states, opened.client.getState().status]).toEqual(['signed-in', 'signed-out']);
  });

  it('X-14 lets a sign-in wait for it, and does not end that session', async () => {
    const { client, sent, storage } = await openSignedIn(
      'logout',
      () => new Promise((resolve) => setTimeout(resolve, 300)),
    );
    const left = client.logout();
    const tokens = await signIn(client);
    await left;
    expect(sent).toEqual(['logout', 'logout answered', 'login', 'login answered']);
    expect(client.getState().status).toBe('signed-in');
    expect(tokens).toMatchObject({ accessToken: storage.kept?.accessToken });
  });

  it('X-14 ends what another tab is just restoring', async () => {
    stubWindow();
    const { storage } = fickle();
    const { client } = open(storage);
    await signIn(client);
    if (storage.kept) storage.kept = { ...storage.kept, expiresAt: 0 };
    let left: Promise<unknown> | undefined;
    const other = createAuthClient({
      url: `${server.url}/graphql`,
      storage,
      fetch: async (input, init) => {
        const answer = await fetch(input, init);
        if (String(init?.body).includes('refreshSession')) {
          left = client.logout();
          await left;
        }
        return answer;
      },
    });
    clients.push(other);
    const states: string[] = [];
    other.subscribe(({ status }) => states.push(status));
    await other.start();
    expect(await left).toMatchObject({ __typename: 'AuthAccepted' });
    expect(other.getState()).toMatchObject({ status: 'signed-out' });
    expect(states).not.toContain('signed-in');
    expect(client.getState()).toMatchObject({ status: 'signed-out' });
    expect(storage.kept).toBeNull();
  });

  it('X-14 refreshes nothing for a request that is refused meanwhile', async () => {
    const refused = deferred<void>();
    const opened = await openSignedIn('logout', () => refused.promise);
    server.clock.advance(16 * 60);
    let left: Promise<unknown> | undefined;
    const answers = opened.counted.fetch;
    opened.counted.fetch = async (input, init) => {
      const answer = await answers(input, init);
      if (String(init?.body).includes('me {')) {
        left = opened.client.logout();
        setTimeout(refused.resolve, 300);
      }
      return answer;
    };
    await expect(opened.client.request(me)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(await left).toMatchObject({ __typename: 'AuthAccepted' });
    expect(opened.counted.of('refreshSession')).toBe(0);
    expect(opened.storage.kept).toBeNull();
  });

  it('X-14 while the storage is read at the start is not undone by what it yields', async () => {
    const { storage, sessionId } = await openSignedIn();
    const stored = storage.kept;
    const first = deferred<StoredSession | null>();
    const loads = [first.promise, stored];
    const { client } = open({ ...storage, load: () => loads.shift() ?? null });
    const starting = client.start();
    expect(await client.logout()).toMatchObject({ __typename: 'AuthAccepted' });
    first.resolve(stored);
    await starting;
    expect(client.getState()).toMatchObject({ status: 'signed-out', reason: 'LOGGED_OUT' });
    expect(await endOf(sessionId)).not.toBeNull();
  });

  it('X-14 while a restoring refresh is in flight is not undone by its failure', async () => {
    const { storage, sessionId } = await openSignedIn();
    if (storage.kept) storage.kept = { ...storage.kept, expiresAt: 0 };
    const sent = deferred<void>();
    const failure = deferred<Response>();
    const client = createAuthClient({
      url: `${server.url}/graphql`,
      storage,
      fetch: (input, init) => {
        if (!String(init?.body).includes('refreshSession')) return fetch(input, init);
        sent.resolve();
        return failure.promise;
      },
    });
    clients.push(client);
    const starting = client.start();
    await sent.promise;
    expect(await client.logout()).toMatchObject({ __typename: 'AuthAccepted' });
    failure.reject(new TypeError('fetch failed'));
    await starting;
    expect(client.getState()).toMatchObject({ status: 'signed-out', reason: 'LOGGED_OUT' });
    expect(await endOf(sessionId)).not.toBeNull();
  });
});

describe('a runtime like React Native’s', () => {
  it('X-15 without crypto and AbortSignal.timeout signs in, refreshes and signs out', async () => {
    const lack = (): void => {
      vi.stubGlobal('crypto', undefined);
      vi.stubGlobal('AbortSignal', class {});
    };
    const counted = countingFetch();
    const client = createAuthClient({
      url: `${server.url}/graphql`,
      storage: fickle().storage,
      // The server of the test is in this process, and needs both.
      fetch: async (input, init) => {
        vi.unstubAllGlobals();
        const answer = await counted.fetch(input, init);
        const body = await answer.text();
        lack();
        return new Response(body);
      },
    });
    clients.push(client);
    lack();
    expect(await signIn(client)).toMatchObject({ __typename: 'AuthTokens' });
    server.clock.advance(16 * 60);
    expect(await client.request(me)).toEqual({ me: { id: person.id } });
    expect(counted.of('refreshSession')).toBe(1);
    expect(await client.logout()).toMatchObject({ __typename: 'AuthAccepted' });
  });
});

describe('logout everywhere', () => {
  it('X-14 without a recent proof ends the session here, and says that others go on', async () => {
    const [here, there] = [open(fickle().storage), open(fickle().storage)];
    const tokens = await signIn(here.client);
    await signIn(there.client);
    if (tokens.__typename !== 'AuthTokens') throw new Error(tokens.__typename);
    await ageProof(server, tokens.session.id, 600);
    expect(await here.client.logout({ everywhere: true })).toMatchObject({
      __typename: 'AuthError',
      code: 'STEP_UP_REQUIRED',
    });
    expect(here.client.getState()).toMatchObject({ status: 'signed-out', reason: 'LOGGED_OUT' });
    const { errors } = await server.send(me, {}, { token: tokens.accessToken });
    expect(errors[0]?.extensions.reason).toBe('SESSION_REVOKED');
    expect(await there.client.request(me)).toEqual({ me: { id: person.id } });
  });

  it('X-14 after the step-up that the client asks for ends them all', async () => {
    const [here, there] = [open(fickle().storage), open(fickle().storage)];
    const tokens = await signIn(here.client);
    await signIn(there.client);
    if (tokens.__typename !== 'AuthTokens') throw new Error(tokens.__typename);
    expect(here.client.needsStepUp()).toBe(false);
    await ageProof(server, tokens.session.id, 600);
    await here.client.renew(tokens.accessToken, 'TOKEN_EXPIRED');
    expect(here.client.needsStepUp()).toBe(true);
    await here.client.reauthenticate({ password: person.password });
    expect(here.client.needsStepUp()).toBe(false);
    expect(await here.client.logout({ everywhere: true })).toMatchObject({
      __typename: 'AuthAccepted',
    });
    await expect(there.client.request(me)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(here.client.needsStepUp()).toBe(true);
  });
});
