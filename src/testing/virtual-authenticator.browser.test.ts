import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { launchBrowser } from './browser.ts';
import { addAuthenticator } from './virtual-authenticator.ts';

const browser: Browser | null = await launchBrowser();

afterAll(() => browser?.close());

describe.skipIf(browser === null)('the virtual authenticator', () => {
  let site: Server;
  let page: Page;
  beforeAll(async () => {
    site = createServer((_request, response) => {
      response.setHeader('content-type', 'text/html').end('<!doctype html><title>Blank</title>');
    });
    await new Promise<void>((resolve) => site.listen(0, 'localhost', resolve));
  });
  afterAll(() => site.close());
  beforeEach(async () => {
    if (!browser) return;
    page = await browser.newPage();
    await page.goto(`http://localhost:${(site.address() as AddressInfo).port}/`);
  });
  afterEach(() => page.close());

  const create = (): Promise<string> =>
    page.evaluate(`navigator.credentials.create({
      publicKey: PublicKeyCredential.parseCreationOptionsFromJSON({
        challenge: 'Y2hhbGxlbmdlLWNoYWxsZW5nZQ',
        rp: { name: 'Blank' },
        user: { id: 'aGFuZGxl', name: 'ada', displayName: 'Ada' },
        pubKeyCredParams: [{ type: 'public-key', alg: -7 }],
        authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      }),
    }).then(({ id }) => id)`);
  /** The passkey that was chosen, or why none was. */
  const get = (more = ''): Promise<string> =>
    page.evaluate(`navigator.credentials.get({
      publicKey: PublicKeyCredential.parseRequestOptionsFromJSON({
        challenge: 'Y2hhbGxlbmdlLWNoYWxsZW5nZQ',
        userVerification: 'required',
      }),
      ${more}
    }).then(({ id }) => id, ({ name }) => name)`);

  it('makes a passkey and signs with it, by a click and without', async () => {
    const authenticator = await addAuthenticator(page);
    const id = await create();
    expect(await authenticator.credentials()).toMatchObject([
      { credentialId: id, rpId: 'localhost', userHandle: 'aGFuZGxl' },
    ]);
    expect(await get()).toBe(id);
    expect(await get(`mediation: 'conditional'`)).toBe(id);
    await authenticator.remove();
  });

  it('leaves open what began while the user was absent, until it is ended', async () => {
    const authenticator = await addAuthenticator(page);
    const id = await create();
    await authenticator.setPresent(false);
    await page.evaluate('void (window.ending = new AbortController())');
    const open = get(`mediation: 'conditional', signal: ending.signal`);
    await expect.poll(() => get()).toBe('OperationError');
    await authenticator.setPresent(true);
    await page.evaluate('ending.abort()');
    expect(await open).toBe('AbortError');
    expect(await get()).toBe(id);
  });

  it('refuses where the user does not verify themselves', async () => {
    const authenticator = await addAuthenticator(page);
    const id = await create();
    await authenticator.setVerified(false);
    expect(await get()).toBe('NotAllowedError');
    await authenticator.setVerified(true);
    expect(await get()).toBe(id);
  });
});
