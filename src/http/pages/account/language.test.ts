import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../../testing/app.ts';
import { openBrowser } from '../../../testing/page-browser.ts';
import { registerPerson } from '../../../testing/people.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const wrong = { password: 'wrong wrong wrong' };

describe('the language of a page', () => {
  it.each([
    ['fr-CH, de;q=0.8', 'fr', 'ltr', 'L’adresse e-mail ou le mot de passe est incorrect.'],
    ['ar-EG', 'ar', 'rtl', 'عنوان البريد الإلكتروني أو كلمة المرور غير صحيح.'],
    ['xx', 'en', 'ltr', 'The email address or the password is not right.'],
  ])('is that of the browser (%s), and a refusal is in it', async (language, tag, dir, text) => {
    const browser = openBrowser(server, { language });
    await browser.get('/account/sign-in');
    expect(browser.page.html).toContain(`<html lang="${tag}" dir="${dir}">`);
    await browser.send('password', { email: 'ada@example.com', ...wrong });
    expect(browser.page.text).toContain(text);
  });

  it('is what was chosen at the foot, from then on, and where it led stays', async () => {
    const browser = openBrowser(server, { language: 'fr' });
    await browser.get('/account/sign-in?return_to=/account/devices');
    await browser.follow('Deutsch');
    expect(browser.page.url).toBe('/account/sign-in?return_to=%2Faccount%2Fdevices&lang=de');
    expect(browser.page.html).toContain('<html lang="de"');
    await browser.get('/account/register');
    expect(browser.page.html).toContain('<html lang="de"');
  });

  it('is none that is not there', async () => {
    const browser = openBrowser(server, { language: 'es' });
    for (const lang of ['xx', '%22%3E%3Cscript%3E', '__proto__']) {
      await browser.get(`/account/sign-in?lang=${lang}`);
      expect(browser.page.html).toContain('<html lang="es" dir="ltr">');
      expect(browser.page.html).not.toContain('<script>');
    }
  });

  it('is that of the account, whatever the browser asks for', async () => {
    const person = await registerPerson(server);
    await server.mutate('updateProfile', { locale: 'ja' }, { token: person.accessToken });
    const browser = openBrowser(server, { language: 'de' });
    await browser.get('/account/sign-in');
    expect(browser.page.html).toContain('<html lang="de"');
    const { email, password } = person;
    await browser.send('password', { email, password });
    expect(browser.page.html).toContain('<html lang="ja"');
  });
});
