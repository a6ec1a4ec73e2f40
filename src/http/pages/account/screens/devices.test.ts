import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  loseSession,
  openAccount,
  openStaleAccount,
  proveByPage,
  signInByPage,
  staleAfter,
} from '../../../../testing/account-browser.ts';
import { startTestServer, type TestServer } from '../../../../testing/app.ts';
import { openBrowser, type PageBrowser } from '../../../../testing/page-browser.ts';
import { attribute, textOf } from '../../../../testing/page-html.ts';
import { registerPerson, signIn } from '../../../../testing/people.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const page = '/account/devices';

/** The names of the buttons that sign one device out, as they are told to those who cannot see. */
function namesIn({ page: { elements } }: PageBrowser): string[] {
  const texts = new Map(elements.map((one) => [attribute(one, 'id'), textOf(one)]));
  return elements
    .map((one) => attribute(one, 'aria-labelledby') ?? '')
    .filter((ids) => ids !== '')
    .map((ids) =>
      ids
        .split(' ')
        .map((id) => texts.get(id))
        .join(' '),
    );
}

async function isSignedIn(token: string): Promise<boolean> {
  const { errors } = await server.send('{ account { locale } }', {}, { token });
  return errors.length === 0;
}

describe('the page of devices', () => {
  it('ends no session of another person', async () => {
    const other = await registerPerson(server);
    const { browser, person } = await openAccount(server);
    await signIn(server, person);
    await browser.get(page);
    const refused = await browser.send('revoke', { sessionId: other.sessionId });
    expect(refused.status).toBe(422);
    expect(refused.text).toContain('That is not there any more.');
    expect(await isSignedIn(other.accessToken)).toBe(true);
  });

  it('refuses a page that is none', async () => {
    const { browser } = await openAccount(server);
    const refused = await browser.get(`${page}?after=nonsense`);
    expect(refused.status).toBe(400);
    expect(refused.text).toContain('What was sent could not be read.');
  });

  it('PG-1 shows a browser that calls itself markup as text', async () => {
    const userAgent = '<img src=x onerror=alert(1)>/1.0 (none)';
    const { browser } = await openAccount(server, { userAgent });
    const { elements, text } = await browser.get(page);
    expect(text).toContain('<img src=x onerror=alert(1)>');
    expect(elements.filter(({ tagName }) => tagName === 'img')).toHaveLength(0);
  });

  it('SE-12 signs one device out after a proof, by a button of its own name', async () => {
    const { browser, person } = await openAccount(server);
    server.clock.advance(60);
    const agents = ['Chrome/140.0.0.0 Safari/537.36', 'Firefox/140.0'];
    for (const agent of agents) {
      const userAgent = `Mozilla/5.0 (Windows NT 10.0) ${agent}`;
      await signInByPage(server, person, { userAgent });
    }
    const phone = await signIn(server, person);
    server.clock.advance(staleAfter - 60);
    await browser.get(page);
    const names = namesIn(browser);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toContainEqual(
      expect.stringContaining('Sign out Chrome on Windows 127.0.0.0/24 Last'),
    );
    expect(browser.page.text.match(/This device/g)).toHaveLength(1);
    await browser.send('revoke', { sessionId: phone.sessionId });
    expect(await isSignedIn(phone.accessToken)).toBe(true);
    await proveByPage(browser, person);
    expect(browser.page.url).toBe(`${page}?done=revoked`);
    expect(browser.page.text).toContain('That device is signed out.');
    expect(await isSignedIn(phone.accessToken)).toBe(false);
  });

  it('SE-12 asks for the second factor too', async () => {
    const { browser, person, phone } = await openStaleAccount(server);
    await browser.get(page);
    await browser.send('revoke', { sessionId: person.sessionId });
    await proveByPage(browser, person, phone);
    expect(await isSignedIn(person.accessToken)).toBe(false);
  });

  it('SE-12 signs everything out after a proof, and this one no sooner', async () => {
    const { browser, person, phone } = await openStaleAccount(server);
    await browser.get(page);
    await browser.send('everywhere');
    expect(await isSignedIn(person.accessToken)).toBe(true);
    await proveByPage(browser, person, phone);
    expect(browser.page.url).toBe('/account/sign-in?done=signed-out');
    expect(await isSignedIn(person.accessToken)).toBe(false);
    expect(browser.cookies.filter(({ value }) => value !== '')).toEqual([]);
    await browser.get(page);
    expect(browser.page.title).toBe('Sign in · Latchkey');
  });

  it('goes on with nothing that waits when someone signs in', async () => {
    const { browser } = await openAccount(server);
    await browser.get(page);
    await browser.send('everywhere');
    const other = await registerPerson(server);
    loseSession(browser);
    await browser.get('/account/sign-in?return_to=/account/devices');
    await browser.send('password', { email: other.email, password: other.password });
    expect(browser.page.url).toBe(page);
    expect(await isSignedIn(other.accessToken)).toBe(true);
  });

  it('shows twenty, and the others by a link', { timeout: 60_000 }, async () => {
    const person = await registerPerson(server);
    for (let count = 0; count < 21; count += 1) {
      server.clock.advance(1);
      await signIn(server, person);
    }
    const browser = openBrowser(server);
    await browser.get('/account/sign-in?return_to=/account/devices');
    await browser.send('password', { email: person.email, password: person.password });
    expect(namesIn(browser)).toHaveLength(19);
    await browser.follow('More devices');
    expect(namesIn(browser)).toHaveLength(3);
    expect(browser.page.text).not.toContain('More devices');
  });
});
