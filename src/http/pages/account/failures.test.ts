import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openAccount } from '../../../testing/account-browser.ts';
import { startTestServer, type TestServer } from '../../../testing/app.ts';
import { type GatedServer, startGatedServer } from '../../../testing/gated-server.ts';
import { openBrowser } from '../../../testing/page-browser.ts';
import { pagesWithPasskeys } from '../../../testing/passkey-pages.ts';
import { freshAddress } from '../../../testing/people.ts';

describe('a page whose attempts are used up', () => {
  it('says when to try again, and keeps the address', async () => {
    const server = await startTestServer({
      config: {
        rateLimitMultiplier: 1,
        rateLimits: { 'login:account': { limit: 1, window: 900 } },
      },
    });
    const email = freshAddress();
    const browser = openBrowser(server);
    await browser.get('/account/sign-in');
    await browser.send('password', { email, password: 'wrong wrong wrong' });
    await browser.send('password', { email, password: 'wrong wrong wrong' });
    expect(browser.page.status).toBe(429);
    expect(browser.page.html).toMatch(/autofocus>Too many attempts\. Try again in \d+ minutes\./);
    expect(browser.value('email')).toBe(email);
    await server.stop();
  });
});

describe('pages without a database', () => {
  let home: TestServer;
  let gated: GatedServer;
  beforeAll(async () => {
    home = await startTestServer({ config: pagesWithPasskeys('http://localhost:4000') });
    gated = await startGatedServer(home, { maxConnections: 4, statementTimeoutMs: 5_000 });
  });
  afterAll(async () => {
    await gated.stop();
    await home.stop();
  });

  it('show a form again with what was typed, and take it when the database is back', async () => {
    const { server, gate } = gated;
    const { browser, person } = await openAccount(server);
    const other = openBrowser(server);
    await other.get('/account/sign-in');
    await gate.cut();
    const { email, password } = person;
    await other.send('password', { email, password });
    expect(other.page).toMatchObject({ status: 503, title: 'Problem: Sign in · Latchkey' });
    expect(other.page.text).toContain('Try again in a moment.');
    expect([other.value('email'), other.value('password')]).toEqual([email, '']);
    await browser.get('/account/devices');
    expect(browser.page).toMatchObject({ status: 503, title: 'Problem · Latchkey' });
    expect(browser.page.text).toContain('Try again in a moment.');
    await gate.open();
    await expect
      .poll(async () => (await other.send('password', { email, password })).url)
      .toBe('/account');
    await browser.get('/account/devices');
    expect(browser.page.status).toBe(200);
  });
});
