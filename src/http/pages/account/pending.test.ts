import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  openAccount,
  proveByPage,
  signInByPage,
  staleAfter,
} from '../../../testing/account-browser.ts';
import { startTestServer, type TestServer } from '../../../testing/app.ts';
import type { PageBrowser } from '../../../testing/page-browser.ts';
import { type Person, registerPerson } from '../../../testing/people.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const logIn = ({ email, password }: Person) => server.mutate('login', { email, password });

function cookiesOf({ cookies }: PageBrowser, isSent: (name: string) => boolean): string[] {
  return cookies.filter(({ name }) => isSent(name)).map(({ name, value }) => `${name}=${value}`);
}

/** At the page for the proof, with a deletion that waits for it. */
async function aboutToDelete(): Promise<{ browser: PageBrowser; person: Person }> {
  const { browser, person } = await openAccount(server);
  server.clock.advance(staleAfter);
  await browser.get('/account/data');
  await browser.send('delete', { confirmEmail: person.email });
  expect(browser.page.url).toBe('/account/step-up');
  return { browser, person };
}

describe('SE-13 a form that waits for a proof', () => {
  it('is given up by leaving the page, whatever is proved later', async () => {
    const { browser, person } = await aboutToDelete();
    await browser.follow('Cancel');
    expect(browser.page.url).toBe('/account/data');
    await browser.get('/account/step-up');
    await proveByPage(browser, person);
    expect(browser.page.url).toBe('/account');
    expect((await logIn(person)).__typename).toBe('AuthTokens');
  });

  it('goes on in the session that sent it, and in no other of the same browser', async () => {
    const { browser } = await aboutToDelete();
    const other = await registerPerson(server);
    const theirs = await signInByPage(server, other);
    // An app has signed another person in, with cookies of its own or by cookie mode.
    const cookie = [
      ...cookiesOf(theirs, (name) => !name.endsWith('-step')),
      ...cookiesOf(browser, (name) => name.endsWith('-step')),
    ].join('; ');
    const headers = { cookie };
    const confirmed = await browser.send('Continue', { password: other.password }, { headers });
    expect(confirmed.redirects.map(({ url }) => url)).toEqual(['/account/step-up']);
    expect(confirmed.url).toBe('/account');
    expect((await logIn(other)).__typename).toBe('AuthTokens');
  });
});
