import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { startTestServer, type TestServer } from '../../../src/testing/app.ts';
import { type CountingFetch, countingFetch } from '../../../src/testing/counting-fetch.ts';
import { freshAddress, goodPassword, registerPerson } from '../../../src/testing/people.ts';
import {
  CrossSiteError,
  createServerAuth,
  type RequestAuth,
  type ServerAuth,
  type ServerAuthOptions,
} from './server.ts';
import { longestCookie } from './server-cookie.ts';

const secret = 'a secret of the app, 32 bytes or more';
const origin = 'https://app.example.com';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterEach(() => {
  vi.useRealTimers();
});
afterAll(() => server.stop());

type App = { readonly auth: ServerAuth; readonly counted: CountingFetch };

function openApp(options: Partial<ServerAuthOptions> = {}): App {
  const counted = countingFetch();
  const url = `${server.url}/graphql`;
  return { auth: createServerAuth({ url, secret, fetch: counted.fetch, ...options }), counted };
}

const own = { origin, host: 'app.example.com' };

function requestWith(cookie: string | null, headers: Record<string, string> = own): Request {
  return new Request(`${origin}/account`, {
    headers: { ...headers, ...(cookie ? { cookie } : {}) },
  });
}

/** The header `Cookie` of a browser's next request. */
function nextCookie(auth: RequestAuth, before: string | null = null): string | null {
  const cookie = auth.cookie();
  if (!cookie) return before;
  return cookie.maxAge === 0 ? null : `${cookie.name}=${cookie.value}`;
}

/** The cookie of a new person of this app. */
async function signedIn({ auth }: App): Promise<{ cookie: string; email: string }> {
  const { email, password, accessToken } = await registerPerson(server, { name: 'Ada' });
  await server.mutate('logout', {}, { token: accessToken });
  const request = auth.forRequest(requestWith(null));
  const result = await request.login({ email, password });
  expect(result.__typename).toBe('AuthTokens');
  return { cookie: String(nextCookie(request)), email };
}

/** Lets every access token expire, by the clock of the server and of the app. */
function letExpire(): void {
  const seconds = 14 * 60 + 55;
  server.clock.advance(seconds);
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 });
}

const me = '{ me { id email } }';

/** How many sessions of a person are alive on the server. */
async function sessionsOf(app: App, cookie: string): Promise<number> {
  const list = await app.auth.forRequest(requestWith(cookie)).sessions({ first: 100 });
  return list?.totalCount ?? 0;
}

describe('refusals', () => {
  it('of a secret that is short, or none', () => {
    for (const short of ['x'.repeat(31), [], [secret, 'short']])
      expect(() => openApp({ secret: short }).auth.forRender(requestWith(null))).toThrow(
        RangeError,
      );
  });

  it.each([
    ['another site', { origin: 'https://evil.example', host: 'app.example.com' }],
    ['a sibling', { origin: 'https://evil.app.example.com', host: 'app.example.com' }],
    ['the app without TLS', { origin: 'http://app.example.com', host: 'app.example.com' }],
    ['a sandboxed frame', { ...own, origin: 'null', 'sec-fetch-site': 'same-origin' }],
    ['no origin and another site', { host: 'app.example.com', 'sec-fetch-site': 'cross-site' }],
    ['no origin and a sibling', { host: 'app.example.com', 'sec-fetch-site': 'same-site' }],
    ['no origin at all', { host: 'app.example.com' }],
    ['a host that a proxy forwards', { ...own, host: 'x', 'x-forwarded-host': 'app.example.com' }],
  ])('of forms from %s, which send nothing', async (_name, headers) => {
    const app = openApp();
    const request = app.auth.forRequest(requestWith(null, headers));
    const input = { email: freshAddress(), password: goodPassword };
    await expect(request.login(input)).rejects.toThrow(CrossSiteError);
    await expect(request.logout()).rejects.toMatchObject({ status: 403 });
    expect(app.auth.isSameOrigin(requestWith(null, headers))).toBe(false);
    expect(app.counted.of('login')).toBe(0);
    expect(request.cookie()).toBeNull();
  });

  it.each([
    ['its own origin', own, {}],
    ['the same origin, unnamed', { host: 'x', 'sec-fetch-site': 'same-origin' }, {}],
    ['a listed origin', { origin, host: 'internal:3000' }, { origin }],
    [
      'a host that a trusted proxy forwards',
      { origin, host: 'internal', 'x-forwarded-host': 'app.example.com' },
      { trustForwardedHost: true },
    ],
    ['localhost', { origin: 'http://localhost:3000', host: 'localhost:3000' }, {}],
  ])('not of %s', (_name, headers, options) => {
    expect(openApp(options).auth.isSameOrigin(requestWith(null, headers))).toBe(true);
  });

  it('of cookies that do not open: no session, no error, no request', async () => {
    const app = openApp();
    const { cookie } = await signedIn(app);
    const other = openApp({ secret: 'another secret of 32 bytes or more' });
    for (const wrong of [
      '__Host-latchkey=',
      '__Host-latchkey=e30.e30',
      `${cookie.slice(0, -2)}AA`,
      cookie.replace('__Host-', ''),
      '=; ;__Host-latchkey',
    ]) {
      const request = app.auth.forRequest(requestWith(wrong));
      expect([wrong, await request.getSession()]).toEqual([wrong, null]);
      expect(request.cookie()).toBeNull();
    }
    expect(await other.auth.forRequest(requestWith(cookie)).account()).toBeNull();
    expect(other.counted.of('account')).toBe(0);
  });
});

describe('the cookie', () => {
  it('is HttpOnly, of this host alone, and as long as the session', async () => {
    const app = openApp();
    const { email, password } = await registerPerson(server);
    const request = app.auth.forRequest(requestWith(null));
    const result = await request.login({ email, password });
    expect(Object.keys(result).sort()).toEqual(['__typename', 'session', 'user']);
    expect(request.cookie()).toMatchObject({
      name: '__Host-latchkey',
      httpOnly: true,
      sameSite: 'lax',
      path: '/',
      secure: true,
    });
    const headers = new Headers({ 'cache-control': 'public' });
    request.applyTo(headers);
    expect(headers.get('cache-control')).toBe('private, no-store');
    const text = headers.get('set-cookie') ?? '';
    expect(text).toMatch(/; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
    const days = Number(/Max-Age=(\d+)/.exec(text)?.[1]) / 86_400;
    expect(days).toBeGreaterThan(13.9);
    expect(days).toBeLessThan(14.1);
  });

  it('has no prefix on http://localhost, where the host names it', async () => {
    const { email, password } = await registerPerson(server);
    const local = { origin: 'http://localhost:3000', host: 'localhost:3000' };
    const request = openApp().auth.forRequest(requestWith(null, local));
    await request.login({ email, password });
    expect(request.cookie()).toMatchObject({ name: 'latchkey', secure: false });
  });

  it('fits with the longest address and name, signed by RS256', async () => {
    const publicUrl = `https://${'a'.repeat(50)}.example.com`;
    const jwt = { algorithm: 'RS256', audience: publicUrl, type: 'JWT' } as const;
    const large = await server.another({ jwt, publicUrl });
    try {
      const email = `${'e'.repeat(64)}@${`${'d'.repeat(59)}.`.repeat(3)}example.com`.slice(-254);
      const name = '\u{1f600}'.repeat(50);
      const person = await registerPerson(large, { email, name });
      const app = openApp({
        url: `${large.url}/graphql`,
        headers: { 'x-forwarded-proto': 'https' },
      });
      const request = app.auth.forRequest(requestWith(null));
      await request.login({ email: person.email, password: person.password });
      const { name: cookie = '', value = '' } = request.cookie() ?? {};
      expect(value).not.toBe('');
      expect(cookie.length + 1 + value.length).toBeLessThan(longestCookie);
    } finally {
      await large.stop();
    }
  });

  it('is opened by every secret, and sealed by the first', async () => {
    const app = openApp();
    const { cookie, email } = await signedIn(app);
    const newer = 'the secret after that one, 32 bytes';
    const rotating = openApp({ secret: [newer, secret] });
    expect(await rotating.auth.forRender(requestWith(cookie)).getSession()).toMatchObject({
      user: { email },
    });
    letExpire();
    const request = rotating.auth.forRequest(requestWith(cookie));
    await request.getSession();
    const next = nextCookie(request);
    expect(
      await openApp({ secret: newer }).auth.forRequest(requestWith(next)).account(),
    ).not.toBeNull();
    expect(await app.auth.forRender(requestWith(next)).getSession()).toBeNull();
  });
});

describe('a session', () => {
  it('begins with a code, and ends with logout, on the server too', async () => {
    const app = openApp();
    const email = freshAddress();
    const first = app.auth.forRequest(requestWith(null));
    const challenge = await first.register({ email, password: goodPassword, name: 'Grace' });
    if (challenge.__typename !== 'OtpChallenge') throw new Error(challenge.message);
    expect(first.cookie()).toBeNull();
    const second = app.auth.forRequest(requestWith(null));
    const code = await server.nextCode(email);
    await second.verifyOtp({ challengeId: challenge.id, code });
    const cookie = nextCookie(second);
    const session = await app.auth.forRender(requestWith(cookie)).getSession();
    expect(session).toMatchObject({ user: { email, name: 'Grace' } });
    expect(session).not.toHaveProperty('refreshToken');

    const third = app.auth.forRequest(requestWith(cookie));
    expect(await third.account()).toMatchObject({ user: { email } });
    await third.updateProfile({ name: 'Rear Admiral' });
    const renamed = await app.auth.forRender(requestWith(nextCookie(third))).getSession();
    expect(renamed?.user.name).toBe('Rear Admiral');

    const fourth = app.auth.forRequest(requestWith(cookie));
    await fourth.logout();
    expect(fourth.cookie()).toMatchObject({ value: '', maxAge: 0 });
    const after = await server.send(me, {}, { token: String(session?.accessToken) });
    expect(after.errors[0]?.extensions.reason).toBe('SESSION_REVOKED');
  });

  it('that ended elsewhere is one of no user, and its cookie goes', async () => {
    const app = openApp();
    const { cookie } = await signedIn(app);
    const token = await app.auth.forRequest(requestWith(cookie)).getAccessToken();
    await server.mutate('logout', {}, { token: String(token) });
    const render = app.auth.forRender(requestWith(cookie));
    expect(await render.account()).toBeNull();
    await expect(render.request(me)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    const request = app.auth.forRequest(requestWith(cookie));
    expect(await request.account()).toBeNull();
    expect(request.cookie()).toMatchObject({ maxAge: 0 });
    expect(app.counted.of('refreshSession')).toBe(1);
  });

  it('ends here even where the server cannot be told', async () => {
    const app = openApp();
    const { cookie } = await signedIn(app);
    app.counted.fail('logout');
    const request = app.auth.forRequest(requestWith(cookie));
    await expect(request.logout()).rejects.toThrow('fetch failed');
    expect(request.cookie()).toMatchObject({ maxAge: 0 });
  });

  it('goes on for requests on their way while a step-up replaces it', async () => {
    const app = openApp();
    const { cookie } = await signedIn(app);
    const stepping = app.auth.forRequest(requestWith(cookie));
    expect(await stepping.reauthenticate({ password: goodPassword })).toMatchObject({
      __typename: 'AuthTokens',
    });
    const late = app.auth.forRequest(requestWith(cookie));
    expect(await late.account()).not.toBeNull();
    expect(nextCookie(late)).not.toBeNull();
    expect(app.counted.of('refreshSession')).toBe(0);
  });
});

describe('an expired token', () => {
  it('is not refreshed where no cookie can be set', async () => {
    const app = openApp();
    const { cookie, email } = await signedIn(app);
    letExpire();
    const render = app.auth.forRender(requestWith(cookie));
    expect(await render.getSession()).toMatchObject({ user: { email } });
    expect(app.counted.of('refreshSession')).toBe(0);
  });

  it('reaches what renders after a middleware as a new one', async () => {
    const app = openApp();
    const { cookie } = await signedIn(app);
    letExpire();
    const middleware = app.auth.forRequest(requestWith(`a=1; ${cookie}; b=2`));
    await middleware.getSession();
    const headers = middleware.requestHeaders();
    expect(headers.get('cookie')).toBe(`a=1; b=2; ${nextCookie(middleware)}`);
    expect(await app.auth.forRender({ headers }).request(me)).toMatchObject({ me: {} });
    expect(app.counted.of('refreshSession')).toBe(1);
  });

  it('stays, cookie and all, where the server cannot be reached', async () => {
    const app = openApp();
    const { cookie } = await signedIn(app);
    letExpire();
    app.counted.fail('refreshSession');
    const request = app.auth.forRequest(requestWith(cookie));
    await expect(request.getSession()).rejects.toThrow('fetch failed');
    await expect(request.account()).rejects.toThrow('fetch failed');
    expect(request.cookie()).toBeNull();
    app.counted.mend();
    const later = app.auth.forRequest(requestWith(cookie));
    expect(await later.account()).not.toBeNull();
  });

  for (const times of [2, 40]) {
    it(`of ${times} renders at once: one refresh, one session`, async () => {
      const app = openApp();
      const { cookie, email } = await signedIn(app);
      letExpire();
      const requests = Array.from({ length: times }, () =>
        app.auth.forRequest(requestWith(cookie)),
      );
      const users = await Promise.all(requests.map((request) => request.request(me)));
      for (const user of users) expect(user).toMatchObject({ me: { email } });
      expect(app.counted.of('refreshSession')).toBe(1);

      // One that was on its way still has the old cookie.
      const late = app.auth.forRequest(requestWith(cookie));
      expect(await late.request(me)).toMatchObject({ me: { email } });
      expect(app.counted.of('refreshSession')).toBe(1);
      for (const request of [...requests, late]) {
        const next = nextCookie(request);
        expect(await sessionsOf(app, String(next))).toBe(1);
      }
    });

    it(`of ${times} renders over two processes: one session, no one signed out`, async () => {
      const apps = [openApp(), openApp()] as const;
      const { cookie, email } = await signedIn(apps[0]);
      letExpire();
      const requests = Array.from({ length: times }, (_, index) =>
        apps[index % 2 ? 1 : 0].auth.forRequest(requestWith(cookie)),
      );
      const users = await Promise.all(requests.map((request) => request.request(me)));
      for (const user of users) expect(user).toMatchObject({ me: { email } });
      expect(apps.map(({ counted }) => counted.of('refreshSession'))).toEqual([1, 1]);
      // Whichever answer the browser kept, the session goes on, here and there.
      for (const request of requests) {
        expect(await sessionsOf(apps[0], String(nextCookie(request)))).toBe(1);
      }
      letExpire();
      const last = apps[1].auth.forRequest(requestWith(nextCookie(requests[0] as RequestAuth)));
      expect(await last.request(me)).toMatchObject({ me: { email } });
    });
  }
});

describe('the address of the browser', () => {
  it('is forwarded, so that users do not share one budget', async () => {
    const limited = await server.another({ trustedProxies: ['127.0.0.1'], rateLimitMultiplier: 1 });
    try {
      const app = openApp({ url: `${limited.url}/graphql`, proxies: 1 });

      const register = (forwarded: Record<string, string>, clientAddress?: string) =>
        app.auth
          .forRequest({
            headers: new Headers({ ...own, ...forwarded }),
            ...(clientAddress ? { clientAddress } : {}),
          })
          .register({ email: freshAddress(), password: goodPassword });
      const from = (address: string) => register({ 'x-forwarded-for': `6.6.6.6, ${address}` });
      let taken = 0;
      for (; taken < 100; taken += 1) {
        const answer = await from('192.0.2.1');
        if (answer.__typename === 'AuthError') break;
      }
      expect(taken).toBeGreaterThan(5);
      expect(taken).toBeLessThan(100);
      // What the caller made up changes nothing, another address does.
      const invented = await register({ 'x-forwarded-for': '7.7.7.7, 192.0.2.1' });
      expect(invented).toMatchObject({ code: 'RATE_LIMITED' });
      expect(await register({}, '192.0.2.1')).toMatchObject({ code: 'RATE_LIMITED' });
      expect(await from('198.51.100.1')).toMatchObject({ __typename: 'OtpChallenge' });
      expect(await register({}, '203.0.113.1')).toMatchObject({ __typename: 'OtpChallenge' });
    } finally {
      await limited.stop();
    }
  });

  it('comes with its browser and language', async () => {
    const app = openApp();
    const { email, password } = await registerPerson(server);
    const request = app.auth.forRequest(
      requestWith(null, { ...own, 'user-agent': firefox, 'accept-language': 'de' }),
    );
    const result = await request.login({ email, password });
    expect(result).toMatchObject({ session: { device: expect.stringContaining('Firefox') } });
  });
});

const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
