import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../../../testing/app.ts';
import { openBrowser, type PageBrowser } from '../../../../testing/page-browser.ts';
import { freshAddress, goodPassword } from '../../../../testing/people.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ config: { passwordMinLength: 15, productName: 'Ada & Co' } });
});
afterAll(() => server.stop());

async function register(fields: Readonly<Record<string, string>>): Promise<PageBrowser> {
  const browser = openBrowser(server);
  await browser.get('/account/register');
  await browser.send('Create account', fields);
  return browser;
}

describe('the page to register', () => {
  it('says the rule of a password in words, and what the script may count', async () => {
    const { html, title } = await openBrowser(server).get('/account/register');
    expect(html).toContain('At least 15 characters.');
    expect(html).toMatch(/name="password"[^>]* minlength="15"/);
    expect(html).toContain('data-short="More characters needed:" data-enough="Long enough."');
    expect(title).toBe('Create an account · Ada & Co');
  });

  it.each([
    ['short', 'This is too short.'],
    ['passwordpassword', 'Many people use this password'],
  ])('PG-10 refuses %s by its field, and keeps address and name', async (password, problem) => {
    const email = freshAddress();
    const browser = await register({ email, password, name: 'Ada' });
    expect(browser.page.status).toBe(422);
    expect(browser.page.html).toMatch(
      new RegExp(`id="password-problem">${problem.replaceAll('.', '\\.')}`),
    );
    expect(browser.page.html).toMatch(
      /id="password"[^>]* aria-describedby="password-problem password-hint"[^>]* autofocus/,
    );
    expect([browser.value('email'), browser.value('name')]).toEqual([email, 'Ada']);
    expect(browser.value('password')).toBe('');
  });

  it('takes no name for none', async () => {
    const email = freshAddress();
    const browser = await register({ email, password: goodPassword, name: ' ' });
    await browser.send('verify', { code: await server.nextCode(email) });
    expect(browser.page.url).toBe('/account');
    await browser.get('/account/profile');
    expect(browser.value('name')).toBe('');
  });
});
