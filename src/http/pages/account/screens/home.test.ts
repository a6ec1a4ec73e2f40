import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openAccount, openStaleAccount } from '../../../../testing/account-browser.ts';
import { startTestServer, type TestServer } from '../../../../testing/app.ts';
import { registerWithoutPassword } from '../../../../testing/factors.ts';
import { openBrowser } from '../../../../testing/page-browser.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

describe('the home of an account', () => {
  it('says who is signed in, and leads to every part and to what protects better', async () => {
    const { browser, person } = await openAccount(server, { name: 'Ada' });
    await browser.get('/account');
    expect(browser.page.text).toContain(`Signed in as ${person.email}`);
    for (const part of ['Profile', 'Security', 'Devices', 'Activity', 'Your data']) {
      await browser.get('/account');
      await browser.follow(part);
      expect(browser.page).toMatchObject({ status: 200, title: `${part} · Latchkey` });
      expect(browser.page.html).toMatch(new RegExp(` aria-current="page">${part}</a>`));
    }
    await browser.get('/account');
    await browser.follow('Set up an authenticator app');
    expect(browser.page.url).toBe('/account/security/authenticator');
  });

  it('asks for nothing where everything is set up', async () => {
    const { browser } = await openStaleAccount(server);
    await browser.get('/account');
    expect(browser.page.html).not.toContain('class="notice"');
  });

  it('leads who has no password to one', async () => {
    const { email } = await registerWithoutPassword(server);
    const browser = openBrowser(server);
    await browser.get('/account/sign-in');
    await browser.send('code', { email });
    await browser.send('verify', { code: await server.nextCode(email) });
    await browser.follow('Choose a password');
    expect(browser.page.url).toBe('/account/security/password');
  });
});
