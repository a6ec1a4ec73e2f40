import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../../testing/app.ts';
import { openBrowser, type PageBrowser } from '../../../testing/page-browser.ts';
import { type Person, registerPerson } from '../../../testing/people.ts';
import { suspendUser } from '../../../testing/rows.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

type AtHome = { readonly browser: PageBrowser; readonly person: Person };

async function signedIn(path = '/account/sign-in'): Promise<AtHome> {
  const person = await registerPerson(server, { name: 'Ada' });
  const browser = openBrowser(server);
  await browser.get(path);
  await browser.send('password', { email: person.email, password: person.password });
  return { browser, person };
}

/** Signed in by cookies alone, with an access token that has run out. */
async function signedInForLong(): Promise<AtHome> {
  const at = await signedIn();
  server.clock.advance(server.app.config.accessTokenTtl + 1);
  return at;
}

function statuses({ page }: PageBrowser): number[] {
  return page.redirects.map(({ status }) => status);
}

describe('the session of the pages', () => {
  it('is over where the account ended it, and the sign-in says so', async () => {
    const { browser, person } = await signedIn();
    await server.mutate('logout', { everywhere: true }, { token: person.accessToken });
    await browser.get('/account/profile');
    expect(browser.page.url).toBe('/account/sign-in?return_to=%2Faccount%2Fprofile&done=expired');
    expect(browser.page.text).toContain('Your session has ended. Sign in again.');
    await browser.send('password', { email: person.email, password: person.password });
    expect(browser.page.url).toBe('/account/profile');
  });

  it('is none without its cookies', async () => {
    const { browser } = await signedInForLong();
    browser.dropCookie('latchkey');
    await browser.get('/account');
    expect(browser.page.url).toBe('/account/sign-in?return_to=%2Faccount');
  });

  it('is renewed without a word', async () => {
    const { browser } = await signedInForLong();
    await browser.get('/account/profile');
    expect(browser.page).toMatchObject({ status: 200, url: '/account/profile' });
    expect(statuses(browser)).toEqual([307]);
    await browser.get('/account/profile');
    expect(statuses(browser)).toEqual([]);
  });

  it('is renewed also where the browser keeps the token for longer than it is good', async () => {
    const { browser } = await signedIn();
    const cookie = browser.cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
    server.clock.advance(server.app.config.accessTokenTtl + 120);
    await browser.get('/account/profile', { headers: { cookie } });
    expect(browser.page).toMatchObject({ status: 200, url: '/account/profile' });
    expect(statuses(browser)).toEqual([307]);
  });

  it('is renewed in the middle of a form, with all that was typed (307)', async () => {
    const { browser } = await signedIn('/account/sign-in?return_to=/account/profile');
    server.clock.advance(server.app.config.accessTokenTtl + 1);
    await browser.send('profile', { name: 'Grace' });
    expect(statuses(browser)).toEqual([307, 303]);
    expect(browser.page.url).toBe('/account/profile?done=saved');
    expect(browser.value('name')).toBe('Grace');
  });

  it('survives an answer of a renewal that was lost', async () => {
    const { browser } = await signedInForLong();
    const lost = browser.copy();
    await lost.get('/account');
    await browser.get('/account/profile');
    expect(browser.page).toMatchObject({ status: 200, url: '/account/profile' });
    server.clock.advance(server.app.config.accessTokenTtl + 1);
    await browser.get('/account/profile');
    expect(browser.page).toMatchObject({ status: 200, url: '/account/profile' });
  });

  it('survives two tabs that renew at once', async () => {
    const { browser } = await signedInForLong();
    const tabs = [browser.tab(), browser.tab(), browser.tab()];
    const shown = await Promise.all(tabs.map((tab) => tab.get('/account/profile')));
    expect(shown.map(({ url }) => url)).toEqual(tabs.map(() => '/account/profile'));
    server.clock.advance(server.app.config.accessTokenTtl + 1);
    await browser.get('/account/profile');
    expect(browser.page).toMatchObject({ status: 200, url: '/account/profile' });
  });
});

describe('limits of renewals', () => {
  async function limited(name: string): Promise<TestServer> {
    return server.another({
      accessTokenTtl: 60,
      rateLimitMultiplier: 1,
      rateLimits: { [name]: { limit: 1, window: 900 } },
    });
  }

  it('are told as such, whatever the browser keeps', async () => {
    const other = await limited('refresh:session');
    const { email, password } = await registerPerson(server);
    const browser = openBrowser(other);
    await browser.get('/account/sign-in');
    await browser.send('password', { email, password });
    server.clock.advance(181);
    await browser.get('/account/profile');
    const cookie = browser.cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
    server.clock.advance(181);
    const { status, text, headers } = await browser.get('/account', { headers: { cookie } });
    expect(status).toBe(429);
    expect(text).toContain('Too many attempts');
    expect(Number(headers['retry-after'])).toBeGreaterThan(0);
    expect(other.logLines.join('\n')).not.toContain('"level":"error"');
    await other.stop();
  });

  it('RL-3 keep nobody at the same address from signing in', async () => {
    const other = await limited('refresh:address');
    const { email, password } = await registerPerson(server);
    const browser = openBrowser(other);
    await browser.get('/account/sign-in');
    await browser.send('password', { email, password });
    await browser.copy().send('Sign out');
    for (let count = 0; count < 3; count += 1) {
      const { status, url } = await browser.get('/account/sign-in');
      expect({ status, url }).toEqual({ status: 200, url: '/account/sign-in' });
    }
    await browser.send('password', { email, password });
    expect(browser.page.url).toBe('/account');
    await other.stop();
  });
});

describe('a person who was suspended', () => {
  it('is signed out at the next page, and told no more than a stranger', async () => {
    const { browser, person } = await signedIn();
    await suspendUser(server, person.id);
    await browser.send('Sign out');
    expect(browser.page.url).toBe('/account/sign-in?done=signed-out');
    await browser.get('/account/profile');
    expect(browser.page.url).toContain('/account/sign-in');
    await browser.send('password', { email: person.email, password: person.password });
    expect(browser.page.status).toBe(422);
  });
});

describe('what is recorded of a sign-in by page', () => {
  const userAgent = 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0';
  const headers = { 'x-forwarded-for': '198.51.100.7', 'user-agent': userAgent };

  it('LG-1 is what the API records: the person’s own address and device', async () => {
    const proxied = await server.another({ trustedProxies: ['127.0.0.1'] });
    const people = [await registerPerson(server), await registerPerson(server)] as const;
    const [byApi, byPage] = people;
    const browser = openBrowser(proxied);
    await browser.get('/account/sign-in');
    for (const password of ['wrong wrong wrong', byApi.password]) {
      await proxied.mutate('login', { email: byApi.email, password }, { headers });
      await browser.send('password', { email: byPage.email, password }, { headers });
    }
    const [expected, found] = await Promise.all(people.map(recordOf));
    expect(found).toEqual(expected);
    expect(JSON.stringify(found)).toContain('198.51.100');
    await proxied.stop();
  });

  /** In the order of their texts: what happened in the same moment has none of its own. */
  async function recordOf({ accessToken }: Person): Promise<unknown> {
    const query = `{ account {
      securityEvents { edges { node { type outcome device ipAddress } } }
      sessions { edges { node { device ipAddress } } }
    } }`;
    const { data } = await server.send(query, {}, { token: accessToken });
    const { securityEvents, sessions } = data.account;
    return [...securityEvents.edges, ...sessions.edges].map((edge) => JSON.stringify(edge)).sort();
  }
});

describe('the sign-in of who is signed in', () => {
  it('is shown where the session is over, and asks nothing twice', async () => {
    const { browser } = await signedInForLong();
    const other = browser.copy();
    await other.get('/account/sign-out');
    await other.send('Sign out');
    await browser.get('/account/sign-in');
    expect(browser.page).toMatchObject({ status: 200, url: '/account/sign-in' });
    expect(statuses(browser)).toEqual([]);
  });

  it('PG-6 leads on to where it was asked for, else home', async () => {
    const { browser } = await signedIn();
    await browser.get('/account/sign-in?return_to=/account/profile');
    expect(browser.page.url).toBe('/account/profile');
    await browser.get('/account/sign-in?return_to=https://evil.example/');
    expect(browser.page.url).toBe('/account');
    await browser.get('/account/register');
    expect(browser.page.url).toBe('/account');
    await browser.get('/account/sign-in?return_to=http://localhost:3000/start');
    expect(browser.page.url).toBe('http://localhost:3000/start');
  });

  it('leads on by cookies alone, and never to itself', async () => {
    const { browser } = await signedInForLong();
    await browser.get('/account/sign-in?return_to=/account/sign-in');
    expect(browser.page.url).toBe('/account');
    expect(statuses(browser)).toEqual([307, 303, 303]);
  });
});

describe('a link of another site', () => {
  const from = 'https://mail.example';

  it('leads who is not signed in to the sign-in', async () => {
    const browser = openBrowser(server);
    await browser.get('/account/profile', { from });
    expect(browser.page.url).toBe('/account/sign-in?return_to=%2Faccount%2Fprofile');
    await browser.get('/account/sign-in?return_to=/account/profile', { from });
    expect(browser.page.status).toBe(200);
    expect(browser.page.text).toContain('Forgot your password?');
  });

  it('has the browser come once more, with the cookies that it left out', async () => {
    const { browser } = await signedIn();
    await browser.get('/account/profile?x=1', { from });
    expect(browser.page).toMatchObject({ status: 200, url: '/account/profile?x=1' });
    expect(statuses(browser)).toEqual([200, 303]);
    await browser.get('/account/sign-in?return_to=/account/profile', { from });
    expect(browser.page.url).toBe('/account/profile');
  });

  it('leaves a page of a mail’s link alone, whose token would be lost', async () => {
    const browser = openBrowser(server);
    await browser.get('/account/reset-password', { from });
    expect(statuses(browser)).toEqual([]);
  });
});
