import type { IncomingHttpHeaders } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openAccount } from '../../../testing/account-browser.ts';
import { startTestServer, type TestServer } from '../../../testing/app.ts';
import { openBrowser, type PageBrowser } from '../../../testing/page-browser.ts';
import { attribute } from '../../../testing/page-html.ts';
import { addressOf } from './links.ts';
import { pages } from './pages.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ config: { productName: 'Ada & Co' } });
});
afterAll(() => server.stop());

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
];

function expectSafe(headers: IncomingHttpHeaders): void {
  expect(String(headers['content-security-policy']).split('; ')).toEqual(policy);
  expect(headers).toMatchObject({
    'cross-origin-opener-policy': 'same-origin',
    'referrer-policy': 'same-origin',
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
  });
}

/** Every page as it is shown: to who is signed in, else to who is not. */
async function everyPage(): Promise<PageBrowser[]> {
  const shown: PageBrowser[] = [];
  for (const { path, signedIn } of pages) {
    const browser = signedIn ? (await openAccount(server)).browser : openBrowser(server);
    await browser.get(addressOf(path));
    expect(browser.page).toMatchObject({ status: 200, url: addressOf(path) });
    shown.push(browser);
  }
  return shown;
}

describe('every page', () => {
  let shown: readonly PageBrowser[];
  beforeAll(async () => {
    shown = await everyPage();
  });

  it('PG-1 PG-2 has the policy of all pages, is kept nowhere and opened by no one', () => {
    for (const { page } of shown) expectSafe(page.headers);
  });

  it('PG-1 has nothing inline', () => {
    for (const { page } of shown)
      expect(page.html).not.toMatch(/<style|\sstyle=|<script(?! src=)|\son\w+=/i);
  });

  it('has a title of its own, which names the product and no other', () => {
    const titles = shown.map(({ page }) => page.title);
    expect(new Set(titles).size).toBe(titles.length);
    for (const { page } of shown) {
      expect(page.title).toMatch(/ · Ada & Co$/);
      expect(page.html).not.toContain('Latchkey');
    }
  });

  it('has one heading that its title begins with, and parts with names', () => {
    for (const { page } of shown) {
      const headings = page.elements.filter(({ tagName }) => tagName === 'h1');
      expect(headings, page.url).toHaveLength(1);
      expect(page.html).toContain(`<h1>${page.title.split(' · ')[0]}</h1>`);
    }
  });

  it('says its language, and that of each of its links to another', () => {
    for (const { page } of shown) {
      expect(page.html).toContain('<html lang="en" dir="ltr">');
      const links = page.elements.filter((one) => attribute(one, 'hreflang') !== undefined);
      expect(links.map((link) => attribute(link, 'lang'))).toEqual(['de', 'fr', 'es', 'ja', 'ar']);
    }
  });

  it('ends by no clock: it goes on by itself nowhere', () => {
    for (const { page } of shown) expect(page.html).not.toContain('http-equiv');
  });

  it('tells browsers what each field is for (WCAG 1.3.5), and takes what is pasted', () => {
    const purposes = new Map<string, Set<string | undefined>>();
    for (const { page } of shown) {
      expect(page.html).not.toMatch(/onpaste|oncopy/i);
      for (const field of page.elements.filter(({ tagName }) => tagName === 'input')) {
        if (attribute(field, 'type') === 'hidden') continue;
        const name = attribute(field, 'name') ?? 'the user of a password';
        const known = purposes.get(name) ?? new Set();
        purposes.set(name, known.add(attribute(field, 'autocomplete')));
      }
    }
    expect(Object.fromEntries([...purposes].map(([name, all]) => [name, [...all]]))).toEqual({
      email: ['username'],
      password: ['current-password', 'new-password'],
      name: ['name'],
      token: ['off'],
      newPassword: ['new-password'],
      currentPassword: ['current-password'],
      newEmail: ['email'],
      confirmEmail: ['off'],
      'the user of a password': ['username'],
    });
  });
});

describe('what is no page', () => {
  it('PG-1 PG-2 has the same headers: a refused form, a foreign one, no such page', async () => {
    const browser = openBrowser(server);
    await browser.get('/account/sign-in');
    const sent = { email: 'ada@example.com', password: 'wrong wrong wrong' };
    const foreign = browser.copy();
    await browser.send('password', sent);
    await foreign.send('password', sent, { headers: { origin: 'https://evil.example' } });
    const nowhere = openBrowser(server);
    await nowhere.get('/account/nowhere');
    const answers = [browser, foreign, nowhere].map(({ page }) => page);
    expect(answers.map(({ status }) => status)).toEqual([422, 403, 404]);
    for (const { headers } of answers) expectSafe(headers);
  });

  it('a forged Host leads nowhere: addresses are PUBLIC_URL’s', async () => {
    const production = await server.another({
      mode: 'production',
      publicUrl: 'https://id.example.com',
      trustedProxies: ['127.0.0.1'],
    });
    const forged = { host: 'evil.example', 'x-forwarded-host': 'evil.example' };
    for (const url of ['/account', '/account/sign-in', '/account/profile']) {
      const answer = await production.server.fastify.inject({ url, headers: forged });
      expect(JSON.stringify(answer.headers) + answer.body).not.toContain('evil.example');
    }
    const posted = await production.server.fastify.inject({
      method: 'POST',
      url: '/account/sign-in',
      headers: {
        ...forged,
        origin: 'https://evil.example',
        'content-type': 'application/x-www-form-urlencoded',
      },
      payload: 'email=a%40example.com&password=x',
    });
    expect(posted.statusCode).toBe(403);
    await production.stop();
  });
});
