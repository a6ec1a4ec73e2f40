import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../../../testing/app.ts';
import { openBrowser, type PageBrowser } from '../../../../testing/page-browser.ts';
import { registerPerson } from '../../../../testing/people.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

async function signedIn(): Promise<PageBrowser> {
  const person = await registerPerson(server);
  const browser = openBrowser(server);
  await browser.get('/account/sign-in');
  await browser.send('password', { email: person.email, password: person.password });
  expect(browser.page.url).toBe('/account');
  return browser;
}

describe('the page to sign out', () => {
  it('PG-4 signs nobody out before the button', async () => {
    const browser = await signedIn();
    await browser.get('/account/sign-out');
    expect(browser.page.text).toContain('You will be signed out in this browser.');
    await browser.get('/account');
    expect(browser.page.status).toBe(200);
    expect(browser.page.url).toBe('/account');
  });

  it('PG-3 signs nobody out for a page of another site', async () => {
    const browser = await signedIn();
    await browser.get('/account/sign-out');
    await browser.send('Sign out', {}, { from: 'https://evil.example' });
    expect(browser.page.status).toBe(403);
    await browser.get('/account');
    expect(browser.page.url).toBe('/account');
  });

  it('ends the session of every tab, from the head of any page', async () => {
    const browser = await signedIn();
    const copy = browser.copy();
    await browser.send('Sign out');
    expect(browser.page.url).toBe('/account/sign-in?done=signed-out');
    expect(browser.page.text).toContain('You are signed out.');
    expect(browser.cookies).toEqual([]);
    await copy.get('/account');
    expect(copy.page.url).toBe('/account/sign-in?return_to=%2Faccount&done=expired');
  });

  it('SE-8 leaves no session of another person, whom an app has signed in since', async () => {
    const [mine, theirs] = [await signedIn(), await signedIn()];
    const access = mine.cookies.find(({ name }) => name === 'latchkey-access')?.value;
    const refresh = theirs.cookies.find(({ name }) => name === 'latchkey')?.value;
    const headers = { cookie: `latchkey=${refresh}; latchkey-access=${access}` };
    await mine.copy().send('Sign out', {}, { headers });
    for (const browser of [mine, theirs]) {
      await browser.get('/account');
      expect(browser.page.url).toContain('done=expired');
    }
  });

  it('works with an access token that has run out, and without any session', async () => {
    const browser = await signedIn();
    const copy = browser.copy();
    server.clock.advance(server.app.config.accessTokenTtl + 1);
    await browser.get('/account/sign-out');
    await browser.send('Sign out');
    expect(browser.page.url).toBe('/account/sign-in?done=signed-out');
    await copy.get('/account');
    expect(copy.page.url).toContain('done=expired');
    await browser.get('/account/sign-out');
    await browser.send('Sign out');
    expect(browser.page.url).toBe('/account/sign-in?done=signed-out');
  });
});
