import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../../../testing/app.ts';
import { enrolTotp } from '../../../../testing/authenticator.ts';
import { openBrowser, type PageBrowser } from '../../../../testing/page-browser.ts';
import { freshAddress, goodPassword, registerPerson, signIn } from '../../../../testing/people.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

type Begun = { readonly browser: PageBrowser; readonly email: string; readonly token: string };

/** A registration that was begun on the page, and the token of the mail's link. */
async function register(path = '/account/register'): Promise<Begun> {
  const browser = openBrowser(server);
  const email = freshAddress();
  await browser.get(path);
  await browser.send('Create account', { email, password: goodPassword, name: 'Ada' });
  return { browser, email, token: await server.nextLink(email) };
}

describe('the page of a link that verifies', () => {
  it('refuses a forged token, and shows it no more', async () => {
    const { browser } = await register();
    await browser.get('/account/verify');
    const token = 'y'.repeat(43);
    await browser.send('Confirm and sign in', { token });
    expect(browser.page.status).toBe(422);
    expect(browser.page.text).toContain('The link is not right');
    expect(browser.page.html).not.toContain(token);
  });

  it('refuses another password than the registration’s, and leaves the link good', async () => {
    const { email, token } = await register();
    const other = openBrowser(server);
    await other.get('/account/verify');
    await other.send('Confirm and sign in', { token, password: 'not the right password' });
    expect(other.page.status).toBe(422);
    expect(other.page.text).toContain('This is not the password you registered with.');
    expect(other.page.html).not.toContain('not the right password');
    await other.send('Confirm and sign in', { token, password: goodPassword });
    expect(other.page.url).toBe('/account');
    await signIn(server, { email, password: goodPassword });
  });

  it('asks the browser that began the registration for no password', async () => {
    const { browser, email, token } = await register(
      '/account/register?return_to=/account/profile',
    );
    await browser.get('/account/verify');
    expect(browser.page.text).not.toContain('Password that you registered with');
    await browser.send('Confirm and sign in', { token });
    expect(browser.page.url).toBe('/account/profile');
    expect(browser.value('name')).toBe('Ada');
    await signIn(server, { email, password: goodPassword });
  });

  it('opens the account without a password in another browser, and asks for one then', async () => {
    const { token } = await register();
    const other = openBrowser(server);
    await other.get('/account/verify');
    await other.send('Confirm and sign in', { token });
    expect(other.page.url).toBe('/account');
    expect(other.page.text).toContain('Your account has no password yet.');
    await other.follow('Choose a password');
    expect(other.page.url).toBe('/account/security/password');
  });

  it('asks for the second factor after a sign-in link', async () => {
    const person = await registerPerson(server);
    const { phone } = await enrolTotp(server, person);
    const browser = openBrowser(server);
    await browser.get('/account/sign-in');
    await browser.send('code', { email: person.email });
    await browser.get('/account/verify');
    await browser.send('Confirm and sign in', { token: await server.nextLink(person.email) });
    expect(browser.page.url).toBe('/account/code');
    await browser.send('verify', { code: phone.nextCode() });
    expect(browser.page.url).toBe('/account');
  });
});
