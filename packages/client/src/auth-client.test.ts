import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { startTestServer, type TestServer } from '../../../src/testing/app.ts';
import { countingFetch } from '../../../src/testing/counting-fetch.ts';
import {
  freshAddress,
  goodPassword,
  type Person,
  registerPerson,
  signIn,
} from '../../../src/testing/people.ts';
import {
  type AuthClient,
  type AuthState,
  createAuthClient,
  RequestError,
  type SessionStorage,
  type StoredSession,
} from './index.ts';

let server: TestServer;
let person: Person;
const clients: AuthClient[] = [];
beforeAll(async () => {
  server = await startTestServer();
  person = await registerPerson(server, { name: 'Ada' });
});
afterEach(() => {
  vi.useRealTimers();
  for (const client of clients.splice(0)) client.close();
});
afterAll(() => server.stop());

const me = '{ me { id } }';
/** Seconds after which an access token has expired, past every tolerance. */
const pastExpiry = 16 * 60;

/** A client with a count of its requests, and every state that it reported. */
function open(storage?: SessionStorage) {
  const counted = countingFetch();
  const client = createAuthClient({
    url: `${server.url}/graphql`,
    fetch: counted.fetch,
    ...(storage ? { storage } : {}),
  });
  clients.push(client);
  const states: AuthState[] = [];
  client.subscribe((state) => states.push(state));
  return { client, states, counted };
}

async function openSignedIn(storage?: SessionStorage) {
  const opened = open(storage);
  const tokens = await opened.client.login({ email: person.email, password: person.password });
  if (tokens.__typename !== 'AuthTokens') throw new Error(`login answered ${tokens.__typename}`);
  opened.states.length = 0;
  return { ...opened, accessToken: tokens.accessToken };
}

function keeper(): SessionStorage & { kept: StoredSession | null } {
  const storage = {
    kept: null as StoredSession | null,
    load: async () => storage.kept,
    save: async (session: StoredSession) => {
      storage.kept = session;
    },
    clear: async () => {
      storage.kept = null;
    },
  };
  return storage;
}

describe('refusals', () => {
  it('are outcomes where the contract says so, and sign no user in', async () => {
    const { client } = open();
    const answer = await client.login({ email: person.email, password: 'not the password' });
    expect(answer).toMatchObject({ __typename: 'AuthError', code: 'INVALID_CREDENTIALS' });
    expect(client.getState()).toEqual({ status: 'signed-out', user: null, reason: null });
  });

  it('are RequestErrors otherwise', async () => {
    const { client } = open();
    const refused = client.request('{ usersByIds(ids: []) { id } }');
    await expect(refused).rejects.toThrow(RequestError);
    await expect(refused).rejects.toMatchObject({ code: 'UNAUTHENTICATED', status: 200 });
    await expect(client.request('{ nothing }')).rejects.toMatchObject({
      code: 'GRAPHQL_VALIDATION_FAILED',
      status: 400,
    });
  });

  it('of a session that ended elsewhere: one refresh, one event, no loop', async () => {
    const { client, states, counted, accessToken } = await openSignedIn();
    await server.mutate('logout', {}, { token: accessToken });
    const answers = await Promise.allSettled(Array.from({ length: 10 }, () => client.request(me)));
    for (const answer of answers) {
      expect(answer).toMatchObject({ status: 'rejected', reason: { code: 'UNAUTHENTICATED' } });
    }
    expect(counted.of('refreshSession')).toBe(1);
    expect(counted.of('me')).toBe(10);
    expect(states).toEqual([{ status: 'signed-out', user: null, reason: 'ENDED' }]);
    // From now on the client is an anonymous one.
    expect(await client.request(me)).toEqual({ me: null });
    expect(counted.of('refreshSession')).toBe(1);
  });

  it('by another server, of a new token, cause no refresh', async () => {
    const { client, counted, accessToken } = await openSignedIn();
    expect(await client.renew(accessToken, 'UNKNOWN')).toBeNull();
    expect(counted.of('refreshSession')).toBe(0);
    expect(client.getState().status).toBe('signed-in');
  });
});

describe('a session', () => {
  it('begins with register and the code, and ends with logout, on the server too', async () => {
    const { client, states } = open();
    const email = freshAddress();
    const challenge = await client.register({ email, password: goodPassword, name: 'Grace' });
    if (challenge.__typename !== 'OtpChallenge') throw new Error(challenge.message);
    const tokens = await client.verifyOtp({
      challengeId: challenge.id,
      code: await server.nextCode(email),
    });
    if (tokens.__typename !== 'AuthTokens') throw new Error(tokens.__typename);
    expect(client.getState()).toMatchObject({
      status: 'signed-in',
      user: { email, name: 'Grace' },
    });
    expect(await client.request(me)).toEqual({ me: { id: tokens.user.id } });

    await client.logout();
    expect(states.map((state) => state.status)).toEqual(['signed-out', 'signed-in', 'signed-out']);
    expect(client.getState()).toMatchObject({ reason: 'LOGGED_OUT' });
    expect(await client.getAccessToken()).toBeNull();
    const after = await server.send(me, {}, { token: tokens.accessToken });
    expect(after.errors[0]?.extensions.reason).toBe('SESSION_REVOKED');
  });

  it('ends here even where the server cannot be told', async () => {
    const { client, counted } = await openSignedIn();
    counted.fail('logout');
    await expect(client.logout()).rejects.toThrow('fetch failed');
    expect(client.getState()).toMatchObject({ status: 'signed-out', reason: 'LOGGED_OUT' });
  });

  it('answers ten queries at once with an expired token after one refresh', async () => {
    const { client, states, counted } = await openSignedIn();
    server.clock.advance(pastExpiry);
    const answers = await Promise.all(Array.from({ length: 10 }, () => client.request(me)));
    expect(answers).toEqual(Array.from({ length: 10 }, () => ({ me: { id: person.id } })));
    expect(counted.of('refreshSession')).toBe(1);
    expect(states).toEqual([]);
  });

  it('is refreshed before a token that has expired by this machine’s clock is sent', async () => {
    const { client, counted } = await openSignedIn();
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + pastExpiry * 1000 });
    await Promise.all(Array.from({ length: 10 }, () => client.request(me)));
    expect(counted.of('refreshSession')).toBe(1);
    expect(counted.of('me')).toBe(10);
  });

  it('is refreshed shortly before the end, without making the request wait', async () => {
    const { client, counted, accessToken } = await openSignedIn();
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + (900 - 20) * 1000 });
    expect(await client.getAccessToken()).toBe(accessToken);
    await vi.waitFor(() => expect(client.peek()?.accessToken).not.toBe(accessToken), 60_000);
    expect(counted.of('refreshSession')).toBe(1);
    expect(await client.getAccessToken()).not.toBe(accessToken);
    expect(counted.of('refreshSession')).toBe(1);
  });

  it('does not mind a clock that is a day off', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 24 * 3600 * 1000 });
    const { client, counted } = await openSignedIn();
    await client.request(me);
    expect(counted.of('refreshSession')).toBe(0);
  });

  it('outlives a refresh that could not be made', async () => {
    const { client, states, counted } = await openSignedIn();
    server.clock.advance(pastExpiry);
    counted.fail('refreshSession');
    await expect(client.request(me)).rejects.toThrow('fetch failed');
    expect(states).toEqual([]);
    counted.mend();
    expect(await client.request(me)).toEqual({ me: { id: person.id } });
  });
});

describe('a refresh in flight', () => {
  /** A client that does something else as its refresh is sent. */
  async function openBusy(meanwhile: (client: AuthClient) => void) {
    const client: AuthClient = createAuthClient({
      url: `${server.url}/graphql`,
      fetch: async (input, init) => {
        if (String(init?.body).includes('refreshSession')) meanwhile(client);
        const answer = await fetch(input, init);
        // The answer arrives after the other operation has finished.
        if (String(init?.body).includes('refreshSession'))
          await new Promise((resolve) => setTimeout(resolve, 500));
        return answer;
      },
    });
    clients.push(client);
    const tokens = await client.login({ email: person.email, password: person.password });
    if (tokens.__typename !== 'AuthTokens') throw new Error(tokens.__typename);
    return { client, accessToken: tokens.accessToken };
  }

  it('does not sign a user in again who signs out', async () => {
    let loggedOut: Promise<unknown> | undefined;
    const { client } = await openBusy((one) => {
      loggedOut = one.logout();
    });
    server.clock.advance(pastExpiry);
    // It was asked as a user who has left since, and is not asked again as nobody.
    await expect(client.request(me)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    await loggedOut;
    expect(client.getState()).toEqual({ status: 'signed-out', user: null, reason: 'LOGGED_OUT' });
    expect(await client.getAccessToken()).toBeNull();
  });

  it('that fails does not sign out a user who has just signed in', async () => {
    let signedIn: Promise<unknown> | undefined;
    const { client, accessToken } = await openBusy((one) => {
      signedIn ??= one.login({ email: person.email, password: person.password });
    });
    await server.mutate('logout', {}, { token: accessToken });
    expect(await client.request(me)).toEqual({ me: { id: person.id } });
    await signedIn;
    expect(client.getState().status).toBe('signed-in');
    expect(await client.request(me)).toEqual({ me: { id: person.id } });
  });
});

describe('a storage of one’s own', () => {
  it('brings a session back after a restart, with an old token too', async () => {
    const storage = keeper();
    await openSignedIn(storage);
    const second = open(storage);
    expect(await second.client.start()).toMatchObject({
      status: 'signed-in',
      user: { id: person.id },
    });
    expect(second.counted.of('refreshSession')).toBe(0);

    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + pastExpiry * 1000 });
    const third = open(storage);
    expect(await third.client.start()).toMatchObject({
      status: 'signed-in',
      user: { id: person.id },
    });
    expect(third.counted.of('refreshSession')).toBe(1);
  });

  it('hands a token on to clients that share it', async () => {
    const storage = keeper();
    const first = await openSignedIn(storage);
    const second = open(storage);
    await second.client.start();
    server.clock.advance(pastExpiry);
    await first.client.request(me);
    await second.client.request(me);
    expect(first.counted.of('refreshSession') + second.counted.of('refreshSession')).toBe(1);
  });

  it('is emptied when the session ends, and says so after a restart', async () => {
    const storage = keeper();
    const { accessToken } = await openSignedIn(storage);
    await server.mutate('logout', {}, { token: accessToken });
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + pastExpiry * 1000 });
    const second = open(storage);
    expect(await second.client.start()).toEqual({
      status: 'signed-out',
      user: null,
      reason: 'ENDED',
    });
    expect(storage.kept).toBeNull();
    expect(second.states).toHaveLength(1);
  });

  it('is tried again where the server could not be reached', async () => {
    const storage = keeper();
    await openSignedIn(storage);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + pastExpiry * 1000 });
    const second = open(storage);
    second.counted.fail('refreshSession');
    expect(await second.client.start()).toEqual({ status: 'unreachable', user: null });
    second.counted.mend();
    expect(await second.client.request(me)).toEqual({ me: { id: person.id } });
  });
});

describe('two devices', () => {
  it('keep a session each', async () => {
    const { client } = await openSignedIn();
    const other = await signIn(server, person);
    await client.logout();
    expect((await server.send(me, {}, { token: other.accessToken })).data.me).toEqual({
      id: person.id,
    });
  });
});
