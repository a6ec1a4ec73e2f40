import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStaleAccount } from '../../../../testing/account-browser.ts';
import { startTestServer, type TestServer } from '../../../../testing/app.ts';
import { openBrowser, type PageBrowser } from '../../../../testing/page-browser.ts';
import { attribute } from '../../../../testing/page-html.ts';
import { freshAddress, goodPassword, registerPerson } from '../../../../testing/people.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

/** A browser at the page for the code that went to an address. */
async function atCode(
  email: string = freshAddress(),
  path = '/account/sign-in',
): Promise<PageBrowser> {
  const browser = openBrowser(server);
  await browser.get(path);
  await browser.send('code', { email });
  return browser;
}

function codeField({ page }: PageBrowser): Readonly<Record<string, string | undefined>> {
  const field = page.elements.find((element) => attribute(element, 'name') === 'code');
  const names = ['type', 'autocomplete', 'inputmode', 'value', 'dir'] as const;
  return Object.fromEntries(names.map((name) => [name, field && attribute(field, name)]));
}

describe('the page for a code', () => {
  it('has nothing to ask of a browser that has begun nothing, and leads on', async () => {
    const browser = openBrowser(server);
    await browser.get('/account/code');
    expect(browser.page.text).toContain('There is nothing to confirm in this browser');
    expect(browser.page.html).not.toContain('name="code"');
    await browser.follow('Sign in');
    expect(browser.page.url).toBe('/account/sign-in');
  });

  it('refuses a wrong code in a sentence that has the focus, and shows it no more', async () => {
    const browser = await atCode();
    await browser.send('verify', { code: '135790' });
    expect(browser.page).toMatchObject({
      status: 422,
      url: '/account/code',
      title: 'Problem: Enter the code · Latchkey',
    });
    expect(browser.page.html).toMatch(
      /role="alert" tabindex="-1" autofocus>The code is not right, or is no longer valid\./,
    );
    expect(browser.page.html).not.toContain('135790');
  });

  it('says where the code went, masked, and takes it however it is typed', async () => {
    const { email } = await registerPerson(server);
    const browser = await atCode(email);
    expect(browser.page.text).toMatch(/We sent a six-digit code to p\*\*\*@example\.com\./);
    expect(browser.page.text).not.toContain(email);
    expect(codeField(browser)).toEqual({
      type: 'text',
      autocomplete: 'one-time-code',
      inputmode: 'numeric',
      value: '',
      dir: 'ltr',
    });
    const code = await server.nextCode(email);
    await browser.send('verify', { code: ` ${code.slice(0, 3)} ${code.slice(3)} ` });
    expect(browser.page.url).toBe('/account');
  });

  it('tells how long until another code can be asked for, then sends one', async () => {
    const { email } = await registerPerson(server);
    const browser = await atCode(email);
    expect(browser.page.text).toContain('You can ask for another in 30 seconds.');
    await browser.send('resend');
    expect(browser.page.status).toBe(429);
    expect(browser.page.text).toContain('Too many attempts. Try again in a minute.');
    server.clock.advance(12);
    await browser.get('/account/code');
    expect(browser.page.text).toContain('You can ask for another in 18 seconds.');
    server.clock.advance(18);
    await browser.get('/account/code');
    expect(browser.page.text).not.toContain('You can ask for another');
    await server.nextCode(email);
    await browser.send('resend');
    expect(browser.page).toMatchObject({ status: 200, url: '/account/code?done=sent' });
    expect(browser.page.text).toContain('Another code is on its way.');
    await browser.send('verify', { code: await server.nextCode(email) });
    expect(browser.page.url).toBe('/account');
  });

  it('leads back to the sign-in, with where it was to lead', async () => {
    const browser = await atCode(freshAddress(), '/account/sign-in?return_to=/account/devices');
    await browser.follow('Back to sign-in');
    expect(browser.page.url).toBe('/account/sign-in?return_to=%2Faccount%2Fdevices');
  });

  it('asks for the app’s or a recovery code in one field, and leads out of a proof', async () => {
    const { browser, person, recoveryCodes } = await openStaleAccount(server);
    await browser.get('/account/security/recovery-codes');
    await browser.send('Make new codes');
    await browser.send('password', { password: person.password });
    expect(browser.page.url).toBe('/account/code');
    expect(browser.page.text).toContain('that your authenticator app shows now');
    expect(browser.page.text).toContain('Type one of your recovery codes in the same field');
    expect(browser.page.text).not.toContain('Send another code');
    // A recovery code has letters.
    expect(codeField(browser)['inputmode']).toBeUndefined();
    const copy = browser.copy();
    await copy.follow('Cancel');
    expect(copy.page.url).toBe('/account/security/recovery-codes');
    await browser.send('verify', { code: recoveryCodes[0] ?? '' });
    expect(browser.page.text).toContain('They are shown now and never again.');
  });

  it('completes a registration', async () => {
    const email = freshAddress();
    const browser = openBrowser(server);
    await browser.get('/account/register?return_to=/account/devices');
    await browser.send('Create account', { email, password: goodPassword });
    await browser.send('verify', { code: await server.nextCode(email) });
    expect(browser.page.url).toBe('/account/devices');
  });
});
