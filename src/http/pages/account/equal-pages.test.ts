import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../../testing/app.ts';
import { openBrowser, type PageBrowser } from '../../../testing/page-browser.ts';
import { goodPassword, registerPerson } from '../../../testing/people.ts';
import { suspendUser } from '../../../testing/rows.ts';

const classes = ['known', 'unknown', 'unverified', 'suspended', 'deleted'] as const;
type Class = (typeof classes)[number];

let server: TestServer;

/** All with one first letter and of one length, since a page shows them. */
function addressOf(kind: Class): string {
  return `p-${kind.padEnd(10, 'x')}@example.com`;
}

beforeAll(async () => {
  server = await startTestServer();
  await registerPerson(server, { email: addressOf('known') });
  const suspended = await registerPerson(server, { email: addressOf('suspended') });
  const deleted = await registerPerson(server, { email: addressOf('deleted') });
  await suspendUser(server, suspended.id);
  const confirmation = { confirmEmail: deleted.email };
  await server.mutate('deleteAccount', confirmation, { token: deleted.accessToken });
  const unverified = { email: addressOf('unverified'), password: goodPassword };
  await server.mutate('register', unverified);
});

afterAll(() => server.stop());

/** What differs from one request to the next, whoever asks. */
const random = new Set(['date', 'x-request-id']);

/** Everything that a browser gets, but for its own address, ids, and moments. */
async function seenBy(door: (browser: PageBrowser, email: string) => Promise<unknown>) {
  const seen = new Map<Class, object>();
  for (const of of classes) {
    const email = addressOf(of);
    const browser = openBrowser(server);
    await door(browser, email);
    const { page } = browser;
    const headers = Object.entries(page.headers).filter(([name]) => !random.has(name));
    const [name = ''] = email.split('@');
    seen.set(of, {
      status: page.status,
      url: page.url,
      redirects: page.redirects,
      headers,
      html: page.html.replaceAll(name, 'x'.repeat(name.length)),
      length: page.html.length,
      cookies: browser.cookies.map((cookie) => [cookie.name, cookie.value.length]),
    });
  }
  return seen;
}

function expectEqual(seen: ReadonlyMap<Class, object>): void {
  const [first, ...others] = seen.values();
  for (const other of others) expect(other).toEqual(first);
}

describe('PG-7 EN-2 pages that reveal nothing about an address', () => {
  it('sign-in with a wrong password: the same refusal, status and length', async () => {
    const seen = await seenBy(async (browser, email) => {
      await browser.get('/account/sign-in');
      await browser.send('password', { email, password: 'wrong wrong wrong' });
    });
    expectEqual(seen);
    expect(seen.get('unknown')).toMatchObject({ status: 422, url: '/account/sign-in' });
  });

  it('a code by mail: a page that asks for it, whoever has an account', async () => {
    const seen = await seenBy(async (browser, email) => {
      await browser.get('/account/sign-in');
      await browser.send('code', { email });
    });
    expectEqual(seen);
    expect(seen.get('unknown')).toMatchObject({ status: 200, url: '/account/code' });
  });

  it('a wrong code', async () => {
    const seen = await seenBy(async (browser, email) => {
      await browser.get('/account/sign-in');
      await browser.send('code', { email });
      await browser.send('verify', { code: '000000' });
    });
    expectEqual(seen);
    expect(seen.get('unknown')).toMatchObject({ status: 422, url: '/account/code' });
  });

  it('registration', async () => {
    const seen = await seenBy(async (browser, email) => {
      await browser.get('/account/register');
      await browser.send('Create account', { email, password: goodPassword });
    });
    expectEqual(seen);
    expect(seen.get('unknown')).toMatchObject({ status: 200, url: '/account/code' });
  });

  it('a forgotten password', async () => {
    const seen = await seenBy(async (browser, email) => {
      await browser.get('/account/forgot-password');
      await browser.send('Email me a link', { email });
    });
    expectEqual(seen);
    expect(seen.get('unknown')).toMatchObject({ status: 200 });
  });
});
