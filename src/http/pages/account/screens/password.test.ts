import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  openAccount,
  openStaleAccount,
  proveByPage,
  staleAfter,
  stepOf,
} from '../../../../testing/account-browser.ts';
import { startTestServer, type TestServer } from '../../../../testing/app.ts';
import { registerWithoutPassword } from '../../../../testing/factors.ts';
import { openBrowser } from '../../../../testing/page-browser.ts';
import { signIn } from '../../../../testing/people.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const newPassword = 'copper willow sandal monday';

describe('the page for another password', () => {
  it('refuses a wrong one in words of its own, and shows neither again', async () => {
    const { browser, person } = await openAccount(server);
    await browser.get('/account/security/password');
    const page = await browser.send('Set password', {
      currentPassword: 'not the one that is set',
      newPassword,
    });
    expect(page).toMatchObject({ status: 422, title: 'Problem: Change password · Latchkey' });
    expect(page.text).toContain('The current password is not right.');
    expect(page.html).not.toContain('not the one');
    expect(page.html).not.toContain(newPassword);
    await signIn(server, person);
  });

  it('PG-10 ties what is wrong with the new one to its field', async () => {
    const { browser, person } = await openAccount(server);
    await browser.get('/account/security/password');
    const currentPassword = person.password;
    const { html } = await browser.send('Set password', {
      currentPassword,
      newPassword: 'password',
    });
    expect(html).toMatch(/<p class="problem" id="newPassword-problem">Many people use/);
    expect(html).toMatch(
      /id="newPassword"[^>]* aria-describedby="newPassword-problem [^>]*autofocus/,
    );
  });

  it('SE-13 keeps no password until the second factor is proved, and asks again', async () => {
    const { browser, person, phone } = await openStaleAccount(server);
    const currentPassword = person.password;
    await browser.get('/account/security/password');
    await browser.send('Set password', { currentPassword, newPassword });
    expect(stepOf(browser)).toContain('security/password');
    expect(stepOf(browser)).not.toContain(newPassword);
    expect(stepOf(browser)).not.toContain(currentPassword);
    const page = await proveByPage(browser, person, phone);
    expect(page.text).toContain('Confirmed. Now do it once more');
    expect(page.status).toBe(200);
    await signsInWith(person.email, currentPassword);
    const done = await browser.send('Set password', { currentPassword, newPassword });
    expect(done.url).toBe('/account/security?done=password');
    await signsInWith(person.email, newPassword);
  });

  it('sets the first one after a code by mail', async () => {
    const person = await registerWithoutPassword(server);
    const browser = openBrowser(server);
    await browser.get('/account/sign-in?return_to=/account/security/password');
    await browser.send('code', { email: person.email });
    await browser.send('verify', { code: await server.nextCode(person.email) });
    expect(browser.page.title).toBe('Choose a password · Latchkey');
    expect(browser.value('currentPassword')).toBeUndefined();
    server.clock.advance(staleAfter);
    await browser.send('Set password', { newPassword });
    expect(browser.page.url).toBe('/account/step-up');
    await browser.send('Email me a code');
    await browser.send('verify', { code: await server.nextCode(person.email) });
    const { text } = await browser.send('Set password', { newPassword });
    expect(text).toContain('Your new password is set.');
    await signsInWith(person.email, newPassword);
  });

  it('changes it without another proof, and signs other devices out', async () => {
    const { browser, person } = await openAccount(server);
    const other = await signIn(server, person);
    server.clock.advance(staleAfter);
    await browser.get('/account/security/password');
    await browser.send('Set password', { currentPassword: person.password, newPassword });
    expect(browser.page.text).toContain('Your new password is set. Other devices were signed out.');
    const { errors } = await server.send(
      '{ account { locale } }',
      {},
      { token: other.accessToken },
    );
    expect(errors[0]?.extensions.code).toBe('UNAUTHENTICATED');
  });
});

async function signsInWith(email: string, password: string): Promise<void> {
  const answer = await server.mutate('login', { email, password });
  expect(answer.__typename).not.toBe('AuthError');
}
