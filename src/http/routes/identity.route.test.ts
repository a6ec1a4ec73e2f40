import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { providerDeadline } from '../../domain/identities/provider-calls.ts';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { createTestClock } from '../../testing/clock.ts';
import {
  begin,
  getTicket,
  goToProvider,
  newVerifier,
  returnTo,
  signInByProvider,
  TestBrowser,
  withProviders,
} from '../../testing/identities.ts';
import {
  startIdentityProvider,
  type TestIdentityProvider,
} from '../../testing/identity-provider.ts';
import { freshAddress } from '../../testing/people.ts';
import { operationDeadline } from '../server.ts';

let provider: TestIdentityProvider;
let posting: TestIdentityProvider;
let server: TestServer;
beforeAll(async () => {
  const clock = createTestClock();
  provider = await startIdentityProvider({ clock });
  posting = await startIdentityProvider({ clock, id: 'posting', responseMode: 'form_post' });
  const trusted = { trustEmail: true, nativeClientIds: ['app'] };
  const entries = [provider, posting].map((each) => each.entry(trusted));
  server = await startTestServer({ clock, config: withProviders(entries) });
});
afterAll(async () => {
  await server.stop();
  await Promise.all([provider.stop(), posting.stop()]);
});
beforeEach(() => {
  const email = freshAddress();
  for (const each of [provider, posting]) {
    each.user = { sub: email, email, email_verified: true };
    each.lies = {};
  }
});

const send = (path: string, init: RequestInit = {}) =>
  fetch(`${server.url}${path}`, { redirect: 'manual', ...init });

describe('what takes nothing', () => {
  it.each(['HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS'])(
    'ID-1 %s, as previews of links send it, leaves a flow to its browser',
    async (method) => {
      const browser = new TestBrowser(server);
      const begun = await begin(server);
      expect((await send(new URL(begun.url).pathname, { method })).status).toBeGreaterThan(403);
      const { callback } = await goToProvider(provider, browser, begun);
      const { pathname, search } = new URL(callback);
      const cookie = browser.jar.header({ path: pathname, isSecure: true, isCrossSite: false });
      const headers = { cookie: cookie ?? '' };
      const answer = await send(`${pathname}${search}`, { method, headers });
      expect([answer.status < 300, answer.headers.get('location')]).toEqual([false, null]);
      expect((await browser.open(callback)).location).toContain('#ticket=');
    },
  );

  it.each(['%00', 'double%00', 'Double', 'double%20', `${'x'.repeat(33)}`])(
    'ID-2 a callback of %s, which no provider is called',
    async (id) => {
      const headers = { cookie: `latchkey-identity=${'a'.repeat(43)}` };
      expect((await send(`/identity/callback/${id}?state=x`, { headers })).status).toBe(400);
    },
  );

  it.each([
    '',
    'state=',
    'state=%00',
    'state=%ff',
    'state=x&state=y',
    `state=${'x'.repeat(9000)}`,
    'code=x',
  ])('a callback with %j', async (search) => {
    const headers = { cookie: `latchkey-identity=${'a'.repeat(43)}` };
    const answer = await send(`/identity/callback/double?${search}`, { headers });
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('begin')]);
  });
});

describe('a form', () => {
  const post = (body: string | URLSearchParams, type?: string) =>
    send('/identity/callback/posting', {
      method: 'POST',
      body,
      ...(type === undefined ? {} : { headers: { 'content-type': type } }),
    });

  it('goes on in an address that browsers and proxies take, however long its members', async () => {
    const names = ['state', 'code', 'iss', 'error', 'user'];
    for (const name of names) {
      const { status, headers } = await post(new URLSearchParams({ [name]: 'x'.repeat(60_000) }));
      expect([status, (headers.get('location') ?? '').length < 200]).toEqual([303, true]);
    }
    const code = 'x'.repeat(4000);
    expect((await post(new URLSearchParams({ code }))).headers.get('location')).toContain(code);
  });

  it('writes no header, and reads nothing but a form', async () => {
    const body = new URLSearchParams({ state: 'a\r\nSet-Cookie: evil=1', code: '#ticket=\u202e' });
    const { headers } = await post(body);
    expect(headers.get('set-cookie')).toBeNull();
    expect(headers.get('location')).toBe(
      '/identity/callback/posting?state=a%0D%0ASet-Cookie%3A+evil%3D1&code=%23ticket%3D%E2%80%AE',
    );
    const twice = new URLSearchParams('__proto__=x&state=a&state=b');
    expect((await post(twice)).headers.get('location')).toBe('/identity/callback/posting?');
    expect((await post('{"state":"x"}', 'application/json')).status).toBe(415);
    expect((await post('state=x', 'text/plain')).status).toBe(415);
  });

  it('Apple’s name is shown once its answer is checked, and nothing else of it', async () => {
    posting.user = { ...posting.user, name: 'Ada King Lovelace' };
    posting.lies = { claims: ({ name: _, ...claims }) => claims };
    const browser = new TestBrowser(server);
    const begun = await begin(server, { providerId: 'posting' });
    const { callback, form } = await goToProvider(posting, browser, begun);
    const posted = await browser.open(callback, { ...(form ? { form } : {}) });
    expect(posted.location).toContain('&name=Ada+King+Lovelace');
    expect(posted.location).not.toContain('example.com');
    const { location } = await browser.open(posted.location);
    const ticket = location.split('=')[1] ?? '';
    const { codeVerifier } = begun;
    const { user } = await server.mutate('completeIdentityLogin', { ticket, codeVerifier });
    expect(user.name).toBe('Ada King Lovelace');
  });

  it.each([
    ['null', null],
    ['{"name":null}', null],
    ['{"name":"Ada"}', null],
    ['{"name":{"firstName":1,"lastName":{}}}', null],
    ['{"name":{"firstName":"Ada"}}', 'Ada'],
    ['{"name":{"firstName":"\\u202eAda","lastName":"<b>\\u0000"}}', 'Ada <b>'],
    ['not JSON', null],
  ])('a name that is %s is shown as %s', async (user, name) => {
    const form = new URLSearchParams({ state: 'x', user });
    const { searchParams } = new URL((await post(form)).headers.get('location') ?? '', server.url);
    expect(searchParams.get('name')).toBe(name);
  });

  it('a name in the address of a provider that posts none is not read', async () => {
    const browser = new TestBrowser(server);
    const begun = await begin(server);
    const { callback } = await goToProvider(provider, browser, begun);
    const { location } = await browser.open(`${callback}&name=Mallory&user=x`);
    const ticket = location.split('=')[1] ?? '';
    const { codeVerifier } = begun;
    const { user } = await server.mutate('completeIdentityLogin', { ticket, codeVerifier });
    expect(user.name).toBeNull();
  });
});

describe('ID-20 a provider that is silent', () => {
  const startInput = () => {
    const { codeChallenge } = newVerifier();
    return { providerId: 'quiet', returnTo, codeChallenge };
  };

  it('has less time than an operation, which says what is wrong', () => {
    expect(providerDeadline).toBeLessThanOrEqual(operationDeadline - 500);
  });

  it('is refused at every step', async () => {
    const quiet = await startIdentityProvider({ clock: server.clock, id: 'quiet' });
    const own = await server.another(withProviders([quiet.entry({ nativeClientIds: ['app'] })]));
    const refused = { __typename: 'AuthError', code: 'PROVIDER_REFUSED' };
    quiet.lies = { broken: { '/.well-known/openid-configuration': 'hang' } };
    expect(await own.mutate('startIdentityLogin', startInput())).toMatchObject(refused);
    quiet.lies = { broken: { '/token': 'hang', '/jwks': 'hang' } };
    const browser = new TestBrowser(own);
    const { callback } = await goToProvider(quiet, browser, await begin(own, startInput()));
    const { id: nonceId, nonce } = await own.mutate('requestIdTokenNonce', { providerId: 'quiet' });
    const idToken = await quiet.idToken({ ...provider.user, aud: 'app', nonce });
    const [back, answer] = await Promise.all([
      browser.open(callback),
      own.mutate('loginWithIdToken', { nonceId, idToken }),
    ]);
    expect(back.location).toBe(`${returnTo}#error=PROVIDER_REFUSED`);
    expect(answer).toMatchObject(refused);
    await own.stop();
    await quiet.stop();
  });
});

describe('what a provider writes', () => {
  it('ID-11 ID-18 reaches neither the address nor the log', async () => {
    const evil = 'evil\r\nLocation: https://evil.example\u202e<script>';
    for (const lie of [
      { callback: (answer: URLSearchParams) => answer.set('error', evil) },
      { callback: (answer: URLSearchParams) => answer.set('error', 'x'.repeat(5000)) },
      { tokens: () => ({ error: evil, error_description: evil }) },
      { claims: (claims: object) => ({ ...claims, aud: evil }) },
    ]) {
      provider.lies = lie;
      const browser = new TestBrowser(server);
      const { callback } = await goToProvider(provider, browser, await begin(server));
      const { location, headers } = await browser.open(callback);
      expect(location).toBe(`${returnTo}#error=PROVIDER_REFUSED`);
      expect([...headers.values()].join()).not.toContain('evil');
    }
    const log = server.logLines.join('\n');
    expect(log).toContain('identity.provider_refused');
    for (const text of ['evil', '<script>', 'xxxx']) expect(log).not.toContain(text);
  });

  it('is one short line where people read it', async () => {
    const email = freshAddress();
    const long = `\u202e<b>${'Ada\r\n'.repeat(4000)}`;
    provider.user = { sub: email, email, email_verified: true, name: long };
    const tokens = await signInByProvider(server, provider);
    expect(tokens.user.name).toMatch(/^<b>Ada Ada [^\p{C}]{1,92}$/u);
    provider.user = { sub: email, name: long };
    const sender = { token: (await signInByProvider(server, provider)).accessToken };
    const { data } = await server.send('{ account { identities { label } } }', {}, sender);
    expect(data.account.identities[0].label).toMatch(/^<b>Ada Ada [^\p{C}]{1,92}$/u);
  });

  it('names no one where the subject is too long, and nothing is made', async () => {
    provider.user = { ...provider.user, sub: 'x'.repeat(10_000) };
    await expect(getTicket(server, provider)).rejects.toThrow('PROVIDER_REFUSED');
  });
});
