import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { users } from '../../../../db/tables/users.ts';
import { openAccount, openStaleAccount } from '../../../../testing/account-browser.ts';
import { startTestServer, type TestServer } from '../../../../testing/app.ts';
import { registerWithoutPassword } from '../../../../testing/factors.ts';
import { openBrowser } from '../../../../testing/page-browser.ts';
import { attribute } from '../../../../testing/page-html.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

describe('the page of security', () => {
  it.each([
    'security',
    'security/password',
    'security/email',
    'security/authenticator',
    'security/recovery-codes',
    'devices',
    'activity',
    'data',
  ])('and %s lead to the sign-in, and back', async (path) => {
    const browser = openBrowser(server);
    const { url, redirects } = await browser.get(`/account/${path}`);
    expect(redirects).toEqual([{ status: 303, url: `/account/${path}` }]);
    expect(url).toBe(`/account/sign-in?return_to=${encodeURIComponent(`/account/${path}`)}`);
  });

  it('PG-1 shows a name that is markup as text', async () => {
    const { browser } = await openAccount(server, { name: '<img src=x onerror=alert(1)>' });
    const { text, elements } = await browser.get('/account/security');
    expect(text).toContain('<img src=x onerror=alert(1)>');
    expect(elements.filter(({ tagName }) => tagName === 'img')).toHaveLength(0);
  });

  it('tells what is set up, and leads to each', async () => {
    const { browser, person } = await openAccount(server);
    const { text, elements } = browser.page;
    expect(text).toMatch(/Password Set: \w{3} \d{1,2}, \d{4}, \d{1,2}:\d\d [AP]M UTC/);
    expect(text).toContain(`Email address ${person.email}`);
    expect(text).toContain('Authenticator app Off');
    expect(text).not.toContain('Recovery codes');
    const names = elements.map((element) => attribute(element, 'aria-label'));
    expect(names).toEqual(
      expect.arrayContaining([
        'Change: Password',
        'Change: Email address',
        'Set up: Authenticator app',
      ]),
    );
  });

  it('tells how many recovery codes are left', async () => {
    const { browser } = await openStaleAccount(server);
    const { text } = await browser.get('/account/security');
    expect(text).toMatch(/Authenticator app On since: \w{3} \d{1,2}, \d{4}, \d/);
    expect(text).toContain('Recovery codes 10 codes left');
  });

  it('tells no moment of a password that an import brought along', async () => {
    const { browser, person } = await openAccount(server);
    await server.app.db
      .update(users)
      .set({ passwordChangedAt: null })
      .where(eq(users.id, person.id));
    expect((await browser.get('/account/security')).text).toContain('Password Set Change');
  });

  it('tells that there is no password', async () => {
    const person = await registerWithoutPassword(server);
    const browser = openBrowser(server);
    await browser.get('/account/sign-in?return_to=/account/security');
    await browser.send('code', { email: person.email });
    const { text } = await browser.send('verify', { code: await server.nextCode(person.email) });
    expect(text).toContain('Password None');
  });
});
