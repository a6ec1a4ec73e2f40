import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../../../testing/app.ts';
import { openBrowser } from '../../../../testing/page-browser.ts';
import { registerPerson } from '../../../../testing/people.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

describe('the page to sign in', () => {
  it('refuses in one sentence that has the focus, and keeps the address alone', async () => {
    const { email } = await registerPerson(server);
    const browser = openBrowser(server);
    await browser.get('/account/sign-in');
    await browser.send('password', { email, password: 'wrong wrong wrong' });
    expect(browser.page).toMatchObject({
      status: 422,
      title: 'Problem: Sign in · Latchkey',
    });
    expect(browser.page.html).toMatch(
      /autofocus>The email address or the password is not right\.<\/p>/,
    );
    expect(browser.page.html.match(/autofocus/g)).toHaveLength(1);
    expect(browser.value('email')).toBe(email);
    expect(browser.value('password')).toBe('');
  });

  it('PG-10 leads to each of two fields that are wrong, and ties what is wrong to it', async () => {
    const browser = openBrowser(server);
    await browser.get('/account/sign-in');
    await browser.send('password', { email: 'ada', password: '' }, { unchecked: true });
    const { html } = browser.page;
    expect(html).toMatch(/role="alert" tabindex="-1" autofocus>Some of what you entered/);
    expect(html).toContain('<a href="#email">Email address: This is not an email address.</a>');
    expect(html).toContain('<a href="#password">Password: Fill this in.</a>');
    expect(html).toMatch(/id="email"[^>]* aria-describedby="email-problem" aria-invalid="true"/);
    expect(html).toMatch(/id="password"[^>]* aria-describedby="password-problem"/);
    expect(html.match(/autofocus/g)).toHaveLength(1);
  });

  it('PG-10 gives the focus to the one field that is wrong', async () => {
    const browser = openBrowser(server);
    await browser.get('/account/sign-in');
    await browser.send('code', { email: 'ada' });
    expect(browser.page.html).toMatch(/id="email"[^>]* value="ada"[^>]* autofocus/);
    expect(browser.page.html.match(/autofocus/g)).toHaveLength(1);
  });

  it('sends a code by mail without a password', async () => {
    const { email } = await registerPerson(server);
    const browser = openBrowser(server);
    await browser.get('/account/sign-in');
    await browser.send('Email me a code instead', { email });
    await browser.send('verify', { code: await server.nextCode(email) });
    expect(browser.page.url).toBe('/account');
  });

  it('leads to registration and recovery, and to no registration where it is closed', async () => {
    const browser = openBrowser(server);
    await browser.get('/account/sign-in?return_to=/account/devices');
    await browser.copy().follow('Forgot your password?');
    await browser.follow('Create an account');
    expect(browser.page.url).toBe('/account/register?return_to=%2Faccount%2Fdevices');
    const closed = await server.another({ registration: 'invite' });
    const invited = openBrowser(closed);
    await invited.get('/account/sign-in');
    expect(invited.page.text).not.toContain('Create an account');
    await invited.get('/account/register');
    expect(invited.page.text).toContain('New accounts are made by invitation only.');
    expect(invited.page.html).not.toContain('name="password"');
    await invited.follow('Sign in');
    expect(invited.page.url).toBe('/account/sign-in');
    await closed.stop();
  });
});
