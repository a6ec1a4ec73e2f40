import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../../../testing/app.ts';
import { openBrowser, type PageBrowser } from '../../../../testing/page-browser.ts';
import { freshAddress, type Person, registerPerson, signIn } from '../../../../testing/people.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const newPassword = 'copper willow sandal monday';

async function askForLink(email: string, path = '/account/forgot-password'): Promise<PageBrowser> {
  const browser = openBrowser(server);
  await browser.get(path);
  await browser.send('Email me a link', { email });
  return browser;
}

/** A person, and the token of the link that they asked for on the page. */
async function forgetful(): Promise<{ browser: PageBrowser; person: Person; token: string }> {
  const person = await registerPerson(server);
  const browser = await askForLink(person.email);
  const token = await server.nextToken(person.email);
  await browser.get('/account/reset-password');
  return { browser, person, token };
}

describe('the page for a forgotten password', () => {
  it('refuses what is no address, keeps it, and ties the reason to its field', async () => {
    const browser = await askForLink('not an address');
    expect(browser.page).toMatchObject({ status: 422, url: '/account/forgot-password' });
    expect(browser.page.title).toBe('Problem: Forgot your password? · Latchkey');
    expect(browser.page.text).toContain('This is not an email address.');
    expect(browser.value('email')).toBe('not an address');
  });

  it('PG-7 says the same for every address, to the byte', async () => {
    const { email } = await registerPerson(server);
    const known = await askForLink(email);
    const unknown = await askForLink(freshAddress());
    expect(known.page.url).toBe('/account/forgot-password?done=sent');
    expect(known.page.text).toContain('If there is an account with this address');
    expect(unknown.page.html).toBe(known.page.html);
  });

  it('PG-6 takes along where to go after the sign-in', async () => {
    const browser = await askForLink(
      freshAddress(),
      '/account/forgot-password?return_to=/account/devices',
    );
    await browser.follow('Back to sign-in');
    expect(browser.page.url).toBe('/account/sign-in?return_to=%2Faccount%2Fdevices');
  });
});

describe('the page for a new password', () => {
  it('refuses a forged token, and leads to another link', async () => {
    const { browser } = await forgetful();
    await browser.send('Set password', { token: 'x'.repeat(43), newPassword });
    expect(browser.page.status).toBe(422);
    expect(browser.page.text).toContain('The link is not right, was used before, or is too old.');
    expect(browser.value('token')).toBe('');
    await browser.follow('Ask for a new link');
    expect(browser.page.url).toBe('/account/forgot-password');
  });

  it('refuses a weak password by its field, and leaves the link good', async () => {
    const { browser, person, token } = await forgetful();
    await browser.send('Set password', { token, newPassword: 'password' });
    expect(browser.page.html).toMatch(/id="newPassword-problem">Many people use this/);
    expect(browser.page.html).not.toContain('value="password"');
    // The address bar has it no more, so the person could not give it once more.
    expect(browser.value('token')).toBe(token);
    await browser.send('Set password', { newPassword });
    expect(browser.page.url).toBe('/account/sign-in?done=password-reset');
    await signIn(server, { ...person, password: newPassword });
  });

  it('asks for the link again where what was pasted is none', async () => {
    const { browser } = await forgetful();
    for (const token of ['', 'no link at all '.repeat(40)]) {
      await browser.send('Set password', { token, newPassword }, { unchecked: true });
      expect(browser.page.status).toBe(422);
      expect(browser.page.html).toMatch(/id="token"[^>]* aria-invalid="true" autofocus/);
      expect(browser.value('token')).toBe('');
    }
  });

  it('takes the token once', async () => {
    const { browser, token } = await forgetful();
    await browser.send('Set password', { token, newPassword });
    await browser.get('/account/reset-password');
    await browser.send('Set password', { token, newPassword: `${newPassword} again` });
    expect(browser.page.status).toBe(422);
  });

  it('PG-5 takes a pasted link, with what was copied around it', async () => {
    const { browser, person, token } = await forgetful();
    const pasted = ` <http://localhost:3000/reset-password#token=${token}>\n`;
    await browser.send('Set password', { token: pasted, newPassword });
    expect(browser.page.text).toContain('Your new password is set.');
    await browser.send('password', { email: person.email, password: newPassword });
    expect(browser.page.url).toBe('/account');
  });
});
