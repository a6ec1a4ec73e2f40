import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../../../testing/app.ts';
import {
  type BrowserOptions,
  openBrowser,
  type PageBrowser,
} from '../../../../testing/page-browser.ts';
import { type Person, registerPerson } from '../../../../testing/people.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

async function atProfile(
  options: BrowserOptions = {},
): Promise<{ browser: PageBrowser; person: Person }> {
  const person = await registerPerson(server, { name: 'Ada' });
  const browser = openBrowser(server, options);
  await browser.get('/account/sign-in?return_to=/account/profile');
  await browser.send('password', { email: person.email, password: person.password });
  return { browser, person };
}

async function profileOf({ accessToken }: Person): Promise<unknown> {
  const query = '{ me { name } account { locale } }';
  return (await server.send(query, {}, { token: accessToken })).data;
}

describe('the page for name and language', () => {
  it('refuses a name by its field, and keeps what was typed', async () => {
    const { browser, person } = await atProfile();
    const name = 'A'.repeat(101);
    await browser.send('profile', { name, locale: 'fr' }, { unchecked: true });
    expect(browser.page.status).toBe(422);
    expect(browser.page.html).toContain('id="name-problem"');
    expect(browser.value('name')).toBe(name);
    expect(browser.page.html).toMatch(/<option value="fr" selected>/);
    expect(await profileOf(person)).toMatchObject({ me: { name: 'Ada' } });
  });

  it('saves both, and is in the chosen language at once, whatever was chosen before', async () => {
    const { browser, person } = await atProfile();
    await browser.get('/account/profile?lang=ja');
    expect(browser.page.html).toContain('<html lang="ja"');
    await browser.send('profile', { name: 'Grace', locale: 'de' });
    expect(browser.page.url).toBe('/account/profile?done=saved');
    expect(browser.page.html).toContain('<html lang="de"');
    expect(await profileOf(person)).toEqual({ me: { name: 'Grace' }, account: { locale: 'de' } });
  });

  it('takes both away, and is then as the browser asks', async () => {
    const { browser, person } = await atProfile({ language: 'fr' });
    await browser.send('profile', { locale: 'ar' });
    expect(browser.page.html).toContain('<html lang="ar" dir="rtl"');
    await browser.send('profile', { name: ' ', locale: '' });
    expect(browser.page.html).toContain('<html lang="fr"');
    expect(await profileOf(person)).toEqual({ me: { name: null }, account: { locale: null } });
  });

  it('is in the language of the account, which another device chose, and keeps it', async () => {
    const { browser, person } = await atProfile();
    const token = person.accessToken;
    await server.mutate('updateProfile', { locale: 'de-AT' }, { token });
    await browser.get('/account/profile');
    expect(browser.page.html).toContain('<html lang="de"');
    await browser.send('profile', { name: 'Lise' });
    expect(await profileOf(person)).toEqual({ me: { name: 'Lise' }, account: { locale: 'de' } });
  });
});
