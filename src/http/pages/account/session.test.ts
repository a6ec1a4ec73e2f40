import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../../testing/app.ts';
import { openBrowser, type PageBrowser } from '../../../testing/page-browser.ts';
import { type Person, registerPerson } from '../../../testing/people.ts';

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
