import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  loseSession,
  openAccount,
  openStaleAccount,
  proveByPage,
  staleAfter,
  stepOf,
} from '../../../../testing/account-browser.ts';
import { startTestServer, type TestServer } from '../../../../testing/app.ts';
import type { Person } from '../../../../testing/people.ts';
import { setRoles } from '../../../../testing/rows.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const page = '/account/data';

const logIn = ({ email, password }: Person) => server.mutate('login', { email, password });

describe('the page of data', () => {
  it('deletes nothing for another address, which stays typed', async () => {
    const { browser, person } = await openAccount(server);
    await browser.get(page);
    const refused = await browser.send('delete', { confirmEmail: 'another@example.com' });
    expect(refused.status).toBe(422);
    expect(refused.text).toContain('This does not match.');
    expect(browser.value('confirmEmail')).toBe('another@example.com');
    expect((await logIn(person)).__typename).toBe('AuthTokens');
  });

  it('deletes no last administrator, and says why', async () => {
    const { browser, person, phone } = await openStaleAccount(server);
    await setRoles(server, person.id, ['admin']);
    await browser.get(page);
    await browser.send('delete', { confirmEmail: person.email });
    const { text } = await proveByPage(browser, person, phone);
    expect(text).toContain('You are the last administrator.');
    await setRoles(server, person.id, []);
  });

  it('gives a file of all that is stored, which no page of another site can ask for', async () => {
    const { browser, person } = await openAccount(server);
    await browser.get(page);
    const foreign = await browser.copy().send('export', {}, { from: 'https://evil.example' });
    expect(foreign.status).toBe(403);
    const { status, headers, html } = await browser.send('export');
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
    expect(headers['content-disposition']).toMatch(
      /^attachment; filename="account-\d{4}-\d\d-\d\d\.json"$/,
    );
    const { account, securityEvents } = JSON.parse(html);
    expect(account.email).toBe(person.email);
    expect(securityEvents.length).toBeGreaterThan(2);
  });

  it('SE-13 gives the file once the person who has proved it asks again', async () => {
    const { browser, person, phone } = await openStaleAccount(server);
    await browser.get(page);
    await browser.send('export');
    await proveByPage(browser, person, phone);
    expect(browser.page.headers['content-type']).toContain('text/html');
    expect(browser.page.text).toContain('Confirmed. Now do it once more');
    const { html } = await browser.send('export');
    expect(JSON.parse(html).account.email).toBe(person.email);
  });

  it('SE-13 deletes after a proof, and signs out', async () => {
    const { browser, person } = await openAccount(server);
    server.clock.advance(staleAfter);
    await browser.get(page);
    await browser.send('delete', { confirmEmail: person.email });
    expect((await logIn(person)).__typename).toBe('AuthTokens');
    await proveByPage(browser, person);
    expect(browser.page.url).toBe('/account/sign-in?done=deleted');
    expect(browser.page.text).toContain('Your account was deleted.');
    expect(browser.cookies.filter(({ value }) => value !== '')).toEqual([]);
    expect(await logIn(person)).toMatchObject({ code: 'INVALID_CREDENTIALS' });
  });

  it('SE-13 deletes after a proof with the second factor, not after a sign-in', async () => {
    const { browser, person, phone } = await openStaleAccount(server);
    await browser.get(page);
    await browser.send('delete', { confirmEmail: person.email });
    expect(stepOf(browser)).toContain('confirmEmail');
    const other = browser.copy();
    loseSession(other);
    await other.get('/account/sign-in?return_to=/account/data');
    await other.send('password', { email: person.email, password: person.password });
    await other.send('verify', { code: phone.nextCode() });
    expect(other.page.url).toBe(page);
    await proveByPage(browser, person, phone);
    expect(browser.page.url).toBe('/account/sign-in?done=deleted');
  });
});
