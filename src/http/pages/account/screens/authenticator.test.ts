import { brotliCompressSync, constants } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  openAccount,
  openStaleAccount,
  pictureOf,
  proveByPage,
  staleAfter,
  stepOf,
} from '../../../../testing/account-browser.ts';
import { startTestServer, type TestServer } from '../../../../testing/app.ts';
import { type Authenticator, authenticator } from '../../../../testing/authenticator.ts';
import type { PageBrowser } from '../../../../testing/page-browser.ts';
import { attribute } from '../../../../testing/page-html.ts';
import { readQrCode } from '../../../../testing/qr-code.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const page = '/account/security/authenticator';

/** A phone that reads the picture of the page. */
function scan(browser: PageBrowser): Authenticator {
  const uri = new URL(readQrCode(pictureOf(browser.page)) ?? 'nothing:');
  return authenticator(server, uri.searchParams.get('secret') ?? '');
}

async function begin(browser: PageBrowser): Promise<Authenticator> {
  await browser.get(page);
  await browser.send('start');
  return scan(browser);
}

const codesIn = ({ page: { elements } }: PageBrowser) => {
  const list = elements.find((element) => attribute(element, 'class') === 'codes');
  return list?.childNodes.length ?? 0;
};

describe('the page of the authenticator app', () => {
  it('refuses a wrong code and keeps the picture, since the secret is told once', async () => {
    const { browser } = await openAccount(server);
    const phone = await begin(browser);
    const refused = await browser.send('confirm', { code: phone.wrongCode() });
    expect(refused.status).toBe(422);
    expect(refused.text).toContain('The code is not right');
    expect(scan(browser).secret).toBe(phone.secret);
    await browser.send('confirm', { code: phone.code() });
    expect(browser.page.title).toBe('Authenticator app · Latchkey');
    expect(codesIn(browser)).toBe(10);
  });

  it('begins anew where the enrolment has lapsed', async () => {
    const { browser, person } = await openAccount(server);
    const first = await begin(browser);
    server.clock.advance(staleAfter);
    await browser.send('start');
    await proveByPage(browser, person);
    const second = scan(browser);
    expect(second.secret).not.toBe(first.secret);
    await browser.send('confirm', { code: second.code() });
    expect(codesIn(browser)).toBe(10);
  });

  it('refuses a picture of anything else', async () => {
    const { browser } = await openAccount(server);
    await begin(browser);
    const long = ['a'.repeat(5000), '€'.repeat(1500)].map((text) => `otpauth://totp/${text}`);
    for (const uri of ['javascript:alert(1)', ...long]) {
      const refused = await browser.copy().send('confirm', { uri, code: '000000' });
      expect(refused.status).toBe(422);
      expect(pictureOf(refused)).toBe('');
      expect(refused.html).not.toContain(uri);
    }
  });

  it('SE-13 shows the picture after the proof, once', async () => {
    const { browser, person } = await openAccount(server);
    server.clock.advance(staleAfter);
    await browser.get(page);
    await browser.send('start');
    await proveByPage(browser, person);
    const phone = scan(browser);
    await browser.send('confirm', { code: phone.code() });
    expect(browser.page).toMatchObject({ status: 200, url: page });
    expect(browser.page.text).toContain('The authenticator app is on.');
    const again = await browser.get(page);
    expect(again.text).toContain('Sign-ins ask for a code of your app.');
    expect(codesIn(browser)).toBe(0);
    expect(pictureOf(again)).toBe('');
  });

  it('SE-13 keeps no secret in the step, and asks for the code of the same key', async () => {
    const { browser, person } = await openAccount(server);
    server.clock.advance(staleAfter - 60);
    const phone = await begin(browser);
    server.clock.advance(60);
    const code = phone.code();
    await browser.send('confirm', { code });
    expect(stepOf(browser)).toContain('enrollmentId');
    expect(stepOf(browser)).not.toContain(phone.secret);
    expect(stepOf(browser)).not.toContain(code);
    await proveByPage(browser, person);
    expect(browser.page.text).toContain('Confirmed.');
    await browser.send('confirm', { code: phone.code() });
    expect(codesIn(browser)).toBe(10);
  });

  it('SE-13 puts another app in place of the old one, whose code is the proof', async () => {
    const { browser, person, phone } = await openStaleAccount(server);
    await browser.get(page);
    await browser.send('start');
    await proveByPage(browser, person, phone);
    const other = scan(browser);
    expect(other.secret).not.toBe(phone.secret);
    await browser.send('confirm', { code: other.code() });
    expect(codesIn(browser)).toBe(10);
  });

  it('SE-13 removes the app after a proof with it', async () => {
    const { browser, person, phone } = await openStaleAccount(server);
    await browser.get(page);
    await browser.send('remove');
    await proveByPage(browser, person, phone);
    expect(browser.page.url).toBe('/account/security?done=authenticator-off');
    expect(browser.page.text).toContain('Authenticator app Off');
  });

  it('shows the key in groups of four, a link to an app, and a picture with words', async () => {
    const { browser } = await openAccount(server);
    const phone = await begin(browser);
    expect(browser.page.text).toContain(phone.secret.match(/.{4}/g)?.join(' '));
    const link = browser.page.elements.find((one) => attribute(one, 'href')?.startsWith('otpauth'));
    expect(link && attribute(link, 'href')).toContain(`secret=${phone.secret}`);
    expect(browser.page.html).toContain('alt="QR code for the authenticator app"');
  });

  it('takes less than 5 kB with the longest address that people have', async () => {
    const email = `${'long-address.of-someone'.repeat(2)}@department.university.example.com`;
    const { browser } = await openAccount(server, { email });
    await begin(browser);
    const params = { [constants.BROTLI_PARAM_QUALITY]: 5 };
    const size = brotliCompressSync(browser.page.html, { params }).length;
    expect(size).toBeLessThan(5000);
  });
});
