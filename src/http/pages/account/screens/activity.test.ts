import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openAccount, signInByPage } from '../../../../testing/account-browser.ts';
import { makeAdministrator } from '../../../../testing/administrators.ts';
import { startTestServer, type TestServer } from '../../../../testing/app.ts';
import { attribute, textOf } from '../../../../testing/page-html.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const page = '/account/activity';

describe('the page of activity', () => {
  it('refuses a page that is none', async () => {
    const { browser } = await openAccount(server);
    expect((await browser.get(`${page}?after=nonsense`)).status).toBe(400);
  });

  it('PG-1 shows a browser that calls itself markup as text', async () => {
    const userAgent = '<img src=x onerror=alert(1)>/1.0 (none)';
    const { browser } = await openAccount(server, { userAgent });
    const { elements, text } = await browser.get(page);
    expect(text).toContain('Signed in, <img src=x onerror=alert(1)>');
    expect(elements.filter(({ tagName }) => tagName === 'img')).toHaveLength(0);
  });

  it('tells neither the reason nor the device of an administrator', async () => {
    const administrator = await makeAdministrator(server);
    const { browser, person } = await openAccount(server);
    const reason = '<img src=x onerror=alert(1)>';
    const input = { userId: person.id, roles: ['editor'], reason };
    const headers = { 'user-agent': 'Mozilla/5.0 (Windows NT 10.0) Chrome/140.0.0.0' };
    await server.mutate('setUserRoles', input, { token: administrator.accessToken, headers });
    const { html, text } = await browser.get(page);
    expect(text).toMatch(/Roles changed by an administrator \w+ \d/);
    expect(html).not.toContain('onerror');
    expect(text).not.toContain('Chrome');
  });

  it('PG-10 says what happened, and marks by a word what failed', async () => {
    const { browser, person } = await openAccount(server);
    server.clock.advance(1);
    await signInByPage(server, { email: person.email, password: 'wrong wrong wrong' });
    const { elements, text } = await browser.get(page);
    expect(text).toContain('Failed Wrong password, Firefox on Linux, 127.0.0.1');
    expect(text).toContain('Signed in, Firefox on Linux, 127.0.0.1');
    const marks = elements.filter((one) => attribute(one, 'class') === 'tag bad');
    expect(marks.map(textOf)).toEqual(['Failed']);
  });

  it('shows twenty, and the earlier ones by a link', { timeout: 60_000 }, async () => {
    const { browser, person } = await openAccount(server);
    for (let count = 0; count < 20; count += 1) {
      server.clock.advance(1);
      await server.mutate('login', { email: person.email, password: person.password });
    }
    await browser.get(page);
    expect(browser.page.text).not.toContain('Account created');
    while (browser.page.text.includes('Earlier')) await browser.follow('Earlier');
    expect(browser.page.text).toContain('Account created');
  });
});
