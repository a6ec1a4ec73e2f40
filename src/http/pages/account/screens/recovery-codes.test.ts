import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openAccount, openStaleAccount, proveByPage } from '../../../../testing/account-browser.ts';
import { startTestServer, type TestServer } from '../../../../testing/app.ts';
import { below, textOf } from '../../../../testing/page-html.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const page = '/account/security/recovery-codes';

describe('the page of recovery codes', () => {
  it('has none without an authenticator app, and leads there', async () => {
    const { browser } = await openAccount(server);
    await browser.get(page);
    expect(browser.page.text).toContain('you have none yet');
    await browser.follow('Set up an app');
    expect(browser.page.url).toBe('/account/security/authenticator');
  });

  it('SE-13 asks for a recovery code or the app first, and shows a new set once', async () => {
    const { browser, person, recoveryCodes } = await openStaleAccount(server);
    await browser.get(page);
    await browser.send('Make new codes');
    const [used = ''] = recoveryCodes;
    await proveByPage(browser, person, { nextCode: () => used });
    const list = browser.page.elements.find(({ attrs }) =>
      attrs.some(({ value }) => value === 'codes'),
    );
    const codes = list ? below(list).map(textOf) : [];
    expect(new Set(codes).size).toBe(10);
    expect(recoveryCodes).not.toContain(codes[0]);
    await browser.follow('I have kept them');
    expect(browser.page.text).toContain('10 codes left');
    const { html } = await browser.get(page);
    expect(html).not.toContain(codes[0]);
  });
});
