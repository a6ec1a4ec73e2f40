import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../../testing/app.ts';
import { enrolTotp } from '../../../testing/authenticator.ts';
import { dump } from '../../../testing/dump.ts';
import { openBrowser, type PageBrowser } from '../../../testing/page-browser.ts';
import { buttonTexts } from '../../../testing/page-form.ts';
import {
  changeEmail,
  freshAddress,
  goodPassword,
  registerPerson,
} from '../../../testing/people.ts';
import { sendRaw } from '../../../testing/raw-request.ts';
import { addressOf } from './links.ts';
import { pages } from './pages.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const addresses = pages.map(({ path }) => addressOf(path));

async function signIn(browser: PageBrowser, path = '/account/sign-in'): Promise<PageBrowser> {
  const { email, password } = await registerPerson(server);
  await browser.get(path);
  await browser.send('password', { email, password });
  return browser;
}

describe('the account pages', () => {
  it('are not there with PAGES=off', async () => {
    const off = await server.another({ pages: false });
    const browser = openBrowser(off);
    for (const address of [...addresses, '/account/assets/x.css'])
      expect((await browser.get(address)).status, address).toBe(404);
    await off.server.close();
  });

  it('lead to PUBLIC_URL in development, once, and not behind a proxy', async () => {
    const headers = { host: '127.0.0.1:4000' };
    const { redirects, url } = await openBrowser(server).get('/account/code?x=1', { headers });
    expect(redirects).toEqual([{ status: 303, url: '/account/code?x=1' }]);
    expect(url).toBe('/account/code?x=1');
    const proxied = { ...headers, 'x-forwarded-for': '198.51.100.7' };
    const page = await openBrowser(server).get('/account/code', { headers: proxied });
    expect(page).toMatchObject({ status: 200, redirects: [] });
  });

  it('PG-5 carry no more of an address on than they read', async () => {
    const search = 'return_to=/account/devices&token=hunter2&token=hunter3&done=expired';
    const { html } = await openBrowser(server).get(`/account/sign-in?${search}`);
    expect(html).toContain('return_to=%2Faccount%2Fdevices&amp;done=expired&amp;lang=de');
    expect(html).not.toContain('hunter');
  });

  it('answer with a page where there is none', async () => {
    const browser = openBrowser(server);
    const page = await browser.get('/account/nothing/here');
    expect(page).toMatchObject({ status: 404, title: 'Problem · Latchkey' });
    expect(page.text).toContain('There is no page at this address.');
  });

  it('are found with a slash at the end of the first one', async () => {
    const { status, headers } = await fetch(`${server.url}/account/`, { redirect: 'manual' });
    expect([status, headers.get('location')]).toEqual([308, '/account']);
  });

  it.each([
    ['of another site', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
    ['of a sandboxed frame', { origin: 'null', 'sec-fetch-site': 'cross-site' }],
    ['that hides its origin here', { origin: 'null', 'sec-fetch-site': 'same-origin' }],
    ['of a page of the same site', { origin: undefined, 'sec-fetch-site': 'same-site' }],
    ['of nobody knows where', { origin: undefined, 'sec-fetch-site': undefined }],
    ['of an app in CORS_ORIGINS', { origin: 'http://localhost:3000' }],
  ])('PG-3 refuse a form %s', async (_name, headers) => {
    const { email } = await registerPerson(server);
    const browser = openBrowser(server);
    await browser.get('/account/sign-in');
    const sent = { email, password: goodPassword };
    await browser.send('password', sent, { headers });
    expect(browser.page.status).toBe(403);
    expect(browser.page.text).toContain('This form came from somewhere else');
    expect(browser.cookies).toEqual([]);
  });

  it('PG-3 take a form of their own, with an Origin or without', async () => {
    const { email } = await registerPerson(server);
    const browser = openBrowser(server);
    await browser.get('/account/sign-in');
    const sent = { email, password: goodPassword };
    await browser.copy().send('password', sent);
    await browser.send('password', sent, { headers: { origin: undefined } });
    expect(browser.page.url).toBe('/account');
  });

  it('take neither JSON nor files, nor a form that is too long', async () => {
    const browser = openBrowser(server);
    for (const type of ['application/json', 'multipart/form-data; boundary=x', 'text/plain']) {
      await browser.get('/account/sign-in');
      const headers = { 'content-type': type };
      await browser.send('password', { email: 'a@b.c', password: 'x' }, { headers });
      expect(browser.page.status, type).toBe(415);
      expect(browser.page.html).toMatch(/^<!doctype html>/);
    }
    await browser.get('/account/sign-in');
    await browser.send('password', { email: 'a@b.c', password: 'x'.repeat(20_000) });
    expect(browser.page.status).toBe(413);
  });

  it.each([
    '//evil.example',
    'https://localhost:3000@evil.example/',
    'http://localhost:3000@evil.example/',
    'http://localhost:3000.evil.example/',
    '/\\evil.example',
    '\\\\evil.example',
    'javascript:alert(1)',
    'data:text/html,x',
    'blob:http://localhost:3000/5f0c7a1e-1f1c-4f0e-9d55-6d2b1d5f0c7a',
    'http:\tlocalhost:3001',
    'http://localhost:3000\u3002evil.example/',
    'http://[::1]:3000/',
    'http://localhost:3001/',
    'http://localhost:3000:80/',
    '/graphql',
    '/account/../graphql',
    '/accounting',
  ])('PG-6 lead home where they are asked to lead to %s', async (wanted) => {
    const search = new URLSearchParams({ return_to: wanted });
    const browser = await signIn(openBrowser(server), `/account/sign-in?${search}`);
    expect(browser.page).toMatchObject({ status: 200, url: '/account' });
  });

  it('PG-6 lead to a listed origin by a page, and to a page of their own', async () => {
    const app = 'http://localhost:3000/start?x=1#there';
    const search = new URLSearchParams({ return_to: app });
    const browser = await signIn(openBrowser(server), `/account/sign-in?${search}`);
    expect(browser.page.url).toBe(app);
    expect(browser.page.redirects.map(({ status }) => status)).toEqual([200]);
    const other = await signIn(
      openBrowser(server),
      '/account/sign-in?return_to=http://localhost:4000/account/profile',
    );
    expect(other.page.url).toBe('/account/profile');
  });

  it('sign in although an address to lead back to is too long for a cookie', async () => {
    const person = await registerPerson(server);
    const { phone } = await enrolTotp(server, person);
    const browser = openBrowser(server);
    await browser.get(`/account/sign-in?return_to=/account/profile?x=${'y'.repeat(4000)}`);
    await browser.send('password', { email: person.email, password: person.password });
    expect(browser.cookies.map(({ value }) => value.length < 3000)).not.toContain(false);
    await browser.send('verify', { code: phone.nextCode() });
    expect(browser.page.url).toBe('/account');
  });

  it('show what a browser has begun, and nothing of a cookie that is not theirs', async () => {
    const challenge = {
      id: 'x',
      purpose: 'LOGIN',
      methods: ['EMAIL'],
      sentTo: 'a***@example.com',
      resendAvailableAt: 'soon',
    };
    const step = Buffer.from(JSON.stringify({ challenge })).toString('base64url');
    const browser = openBrowser(server);
    await browser.get('/account/code', { headers: { cookie: `latchkey-step=${step}` } });
    expect(browser.page.status).toBe(200);
    expect(browser.page.text).toContain('There is nothing to confirm in this browser');
  });

  it('PG-3 send a form again to where it was, with an Origin, and to no other host', async () => {
    const other = await server.another({ mode: 'production' });
    const { refreshToken } = await registerPerson(server);
    const ask = (target: string) =>
      sendRaw(
        other.url,
        `POST ${target} HTTP/1.1\r\nHost: localhost:4000\r\nConnection: close\r\n` +
          `Origin: http://localhost:4000\r\nCookie: latchkey=${refreshToken}\r\n\r\n`,
      );
    for (const target of ['/account/profile?x=1', 'http://evil.example/account/profile?x=1']) {
      const { status, text } = await ask(target);
      expect(status, target).toBe(307);
      expect(text).toMatch(/^location: \/account\/profile\?x=1\r$/im);
      // With `no-referrer` browsers make the Origin of a form null (Fetch, "append a request
      // Origin header").
      expect(text).toMatch(/^referrer-policy: same-origin\r$/im);
    }
    await other.stop();
  });

  it('forget where a sign-in that was given up was to lead', async () => {
    const { email } = await registerPerson(server);
    const browser = openBrowser(server);
    await browser.get('/account/sign-in?return_to=http://localhost:3000/');
    await browser.send('code', { email });
    expect(browser.page.url).toBe('/account/code');
    await browser.get('/account/sign-in');
    await browser.send('password', { email, password: goodPassword });
    expect(browser.page.url).toBe('/account');
  });
});

describe('over https', () => {
  let secure: TestServer;
  beforeAll(async () => {
    secure = await server.another({ publicUrl: 'https://auth.example.com', mode: 'production' });
  });
  afterAll(() => secure.stop());

  it('TR-7 every cookie is this host’s alone, and another host’s are not read', async () => {
    const { email } = await registerPerson(server);
    const browser = openBrowser(secure);
    await browser.get('/account/sign-in?lang=de');
    await browser.send('code', { email });
    await browser.send('verify', { code: await server.nextCode(email) });
    await browser.get('/account/data');
    expect(browser.page.status).toBe(200);
    const names = ['', '-access', '-language'].map((name) => `__Host-latchkey${name}`);
    expect(browser.cookies.map(({ name }) => name).sort()).toEqual(names);
    for (const cookie of browser.cookies) {
      const attributes = { secure: true, httpOnly: true, sameSite: 'strict', path: '/' };
      expect(cookie).toMatchObject(attributes);
      expect(cookie.domain).toBeUndefined();
    }
    const cookie = browser.cookies.map(({ name, value }) => `${name.slice(7)}=${value}`).join('; ');
    const planted = await openBrowser(secure).get('/account', { headers: { cookie } });
    expect(planted.url).toContain('/account/sign-in');
    expect(planted.html).toContain('lang="en"');
  });

  it('TR-1 a page that is asked for over plain http says no, as a page', async () => {
    const headers = { 'x-forwarded-proto': 'http' };
    const page = await openBrowser(secure).get('/account/sign-in', { headers });
    expect(page).toMatchObject({ status: 403, title: 'Problem · Latchkey' });
  });

  it('PG-6 no forged host is led to, in a redirect or on a page', async () => {
    const headers = { host: 'evil.example', 'x-forwarded-host': 'evil.example' };
    const { url, html, redirects } = await openBrowser(secure).get('/account', { headers });
    expect(redirects).toHaveLength(1);
    expect(url + html).not.toContain('evil');
  });
});

describe('a form that takes too long', () => {
  it('is answered with a page that says so', async () => {
    const slow = await startTestServer({ server: { deadline: 1 }, bcryptCost: 12 });
    const answer = await fetch(`${slow.url}/account/sign-in`, {
      method: 'POST',
      headers: { origin: slow.app.config.publicUrl },
      body: new URLSearchParams({ email: freshAddress(), password: goodPassword }),
    });
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('1');
    expect(await answer.text()).toMatch(/^<!doctype html>/);
    await slow.stop();
  });
});

describe('PG-4 opening a page', () => {
  type Link = { readonly path: string; readonly token: string; readonly button: string };

  async function linksOfMails(): Promise<Link[]> {
    const email = freshAddress();
    await server.mutate('register', { email, password: goodPassword });
    const person = await registerPerson(server);
    await server.mutate('requestPasswordReset', { email: person.email });
    const reset = await server.nextToken(person.email);
    const mover = await registerPerson(server);
    const undo = await changeEmail(server, mover, freshAddress());
    return [
      { path: 'verify', token: await server.nextLink(email), button: 'Confirm and sign in' },
      { path: 'reset-password', token: reset, button: 'Set password' },
      { path: 'undo-email-change', token: undo, button: 'Take the change back' },
    ];
  }

  async function scan(path: string, token: string): Promise<void> {
    const headers = { 'sec-purpose': 'prefetch', purpose: 'prefetch' };
    for (let count = 0; count < 10; count += 1) {
      const scanner = openBrowser(server);
      expect((await scanner.get(`${path}#token=${token}`)).status).toBe(200);
      expect((await scanner.get(path, { headers })).status).toBe(200);
      const head = await fetch(`${server.url}${path}?token=${token}`, {
        method: 'HEAD',
        redirect: 'manual',
      });
      expect(head.status).toBeLessThan(400);
    }
  }

  it('spends no link, however often', async () => {
    for (const { path, token, button } of await linksOfMails()) {
      await scan(`/account/${path}`, token);
      const browser = openBrowser(server);
      await browser.get(`/account/${path}`);
      const newPassword = 'copper willow sandal monday';
      await browser.send(button, {
        token,
        ...(path === 'reset-password' ? { newPassword } : {}),
      });
      expect(browser.page.status, path).toBe(200);
      expect(browser.page.url, path).not.toContain(path);
    }
  });

  it('changes nothing at any address', async () => {
    const browser = await signIn(openBrowser(server));
    await server.allMail('nobody@example.com');
    const before = await dump(server.app);
    for (const address of addresses) await browser.get(address);
    expect(await dump(server.app)).toEqual(before);
  });
});

describe('secrets', () => {
  const secret = 'hunter2 hunter2 hunter2';
  const names = ['password', 'newPassword', 'currentPassword', 'code', 'token'];

  /** Sends every form of a page with a secret in each of its fields for one. */
  async function tryEveryForm(browser: PageBrowser, address: string): Promise<void> {
    const { elements } = await browser.get(address);
    for (const button of buttonTexts(elements)) {
      if (button === 'Sign out') continue;
      await browser.get(address);
      const held = names.filter((name) => browser.value(name) !== undefined);
      const fields = Object.fromEntries(held.map((name) => [name, secret]));
      await browser.send(button, fields, { unchecked: true });
      const { html, url, redirects } = browser.page;
      const steps = browser.cookies.map(({ value }) => Buffer.from(value, 'base64url').toString());
      const all = [html, url, ...redirects.map((one) => one.url), ...steps].join('\n');
      expect(all, `${address}: ${button}`).not.toContain('hunter2');
    }
  }

  it('PG-5 stand in no answer, no address, no step and no log', async () => {
    for (const address of addresses) await tryEveryForm(openBrowser(server), address);
    for (const path of ['step-up', 'profile'])
      await tryEveryForm(await signIn(openBrowser(server)), `/account/${path}`);
    expect(server.logLines.join('\n')).not.toContain('hunter2');
  });
});
