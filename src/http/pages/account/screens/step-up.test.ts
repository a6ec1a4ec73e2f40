import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../../../testing/app.ts';
import { registerWithoutPassword } from '../../../../testing/factors.ts';
import { openBrowser, type PageBrowser } from '../../../../testing/page-browser.ts';
import { type Person, registerPerson } from '../../../../testing/people.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

async function signedIn(): Promise<{ browser: PageBrowser; person: Person }> {
  const person = await registerPerson(server);
  const browser = openBrowser(server);
  await browser.get('/account/sign-in');
  await browser.send('password', { email: person.email, password: person.password });
  return { browser, person };
}

describe('the page for a fresh proof', () => {
  it('leads to the sign-in who is not signed in, and back', async () => {
    const browser = openBrowser(server);
    await browser.get('/account/step-up');
    expect(browser.page.url).toBe('/account/sign-in?return_to=%2Faccount');
  });

  it('refuses a wrong password in words of its own, and shows it no more', async () => {
    const { browser } = await signedIn();
    await browser.get('/account/step-up');
    await browser.send('password', { password: 'not the password' });
    expect(browser.page.status).toBe(422);
    expect(browser.page.text).toContain('That is not your password.');
    expect(browser.page.html).not.toContain('not the password');
  });

  it('takes the password, or a mailed code from who does not know it', async () => {
    const { browser, person } = await signedIn();
    await browser.get('/account/step-up');
    await browser.send('password', { password: person.password });
    expect(browser.page.url).toBe('/account');
    await browser.get('/account/step-up');
    await browser.send('code');
    expect(browser.page.url).toBe('/account/code');
    await browser.send('verify', { code: await server.nextCode(person.email) });
    expect(browser.page.url).toBe('/account');
  });

  it('asks who has no password for a mailed code alone', async () => {
    const { email } = await registerWithoutPassword(server);
    const browser = openBrowser(server);
    await browser.get('/account/sign-in');
    await browser.send('code', { email });
    await browser.send('verify', { code: await server.nextCode(email) });
    await browser.get('/account/step-up');
    expect(browser.page.text).toContain('Your account has no password');
    expect(browser.page.html).not.toContain('type="password"');
    await browser.send('code');
    await browser.send('verify', { code: await server.nextCode(email) });
    expect(browser.page.url).toBe('/account');
  });

  it('takes the right code although the access token ran out while the mail was read', async () => {
    const { browser, person } = await signedIn();
    server.clock.advance(server.app.config.accessTokenTtl - 60);
    await browser.get('/account/step-up');
    await browser.send('code');
    server.clock.advance(61);
    await browser.send('verify', { code: await server.nextCode(person.email) });
    expect(browser.page.redirects.map(({ status }) => status)).toEqual([307, 303]);
    expect(browser.page.url).toBe('/account');
  });
});
