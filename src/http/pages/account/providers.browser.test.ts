import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ServerWithProvider, startServerWithProvider } from '../../../testing/any-provider.ts';
import type { TestServer } from '../../../testing/app.ts';
import { launchBrowser } from '../../../testing/browser.ts';
import { createTestClock } from '../../../testing/clock.ts';
import {
  startIdentityProvider,
  type TestIdentityProvider,
} from '../../../testing/identity-provider.ts';
import { watchPolicy } from '../../../testing/page-look.ts';
import { startPageServer } from '../../../testing/page-server.ts';
import { freshAddress, registerPerson } from '../../../testing/people.ts';

const browser = await launchBrowser();
let any: ServerWithProvider;
let posting: TestIdentityProvider;
let withPosting: TestServer;

beforeAll(async () => {
  any = await startServerWithProvider({});
  const clock = createTestClock(new Date());
  posting = await startIdentityProvider({ clock, responseMode: 'form_post' });
  withPosting = await startPageServer(
    (publicUrl) => ({
      publicUrl,
      identityAllowPrivate: true,
      identityProviders: [posting.entry({ name: 'Apple', trustEmail: true })],
    }),
    clock,
  );
});

afterAll(async () => {
  await browser?.close();
  await any.stop();
  await withPosting.stop();
  await posting.stop();
});

type Opened = { readonly page: Page; readonly violations: string[] };

/** A browser of its own, at our sign-in; the provider is of another site. */
async function open(
  baseURL: string,
  options: { readonly javaScriptEnabled?: boolean; readonly at?: string } = {},
): Promise<Opened> {
  const { javaScriptEnabled = true, at = '/account/sign-in' } = options;
  const context = await browser?.newContext({ baseURL, javaScriptEnabled });
  const page = await context?.newPage();
  if (page === undefined) throw new Error('There is no browser.');
  const violations: string[] = [];
  page.on('console', (message) => {
    if (/Content.Security.Policy|Refused to/i.test(message.text())) violations.push(message.text());
  });
  if (javaScriptEnabled) await watchPolicy(page, (violation) => violations.push(violation));
  await page.goto(at);
  return { page, violations };
}

let count = 0;
function newcomer() {
  count += 1;
  return { sub: `user-${count}`, email: freshAddress(), email_verified: true, name: 'Ada' };
}

describe.skipIf(browser === null)('another provider, in Chromium', { timeout: 300_000 }, () => {
  it.each([true, false])(
    'PG-1 ID-1 from its button to the account, and back again: scripts %s',
    async (javaScriptEnabled) => {
      any.provider.user = newcomer();
      const { page, violations } = await open(any.publicUrl, {
        javaScriptEnabled,
        at: '/account/sign-in?return_to=/account/profile',
      });
      await page.click('button[value=acme]');
      await page.waitForURL((url) => url.origin === any.provider.issuer);
      await page.click('button[name=continue]');
      await page.waitForURL(/\/account\/profile$/);
      expect(await page.inputValue('[name=name]')).toBe('Ada');
      await page.goto('/account/devices');
      expect(await page.textContent('main')).toContain('Signed in with Acme');

      // As a user who is known, from the page that a sign-out leads to; the provider asks no more.
      await page.click('header button');
      await page.waitForURL(/\/account\/sign-in/);
      await page.click('button[value=acme]');
      await page.waitForURL(/\/account$/);
      expect(await page.textContent('main')).toContain(any.provider.user.email);
      expect(violations).toEqual([]);
      await page.context().close();
    },
  );

  it('PG-10 2.1.1 with a keyboard alone', async () => {
    any.provider.user = newcomer();
    const { page } = await open(any.publicUrl);
    await page.focus('[name=password]');
    for (let stops = 0; stops < 8; stops += 1) {
      await page.keyboard.press('Tab');
      if (await page.evaluate(`document.activeElement.matches('[value=acme]')`)) break;
    }
    await page.keyboard.press('Enter');
    await page.waitForURL((url) => url.origin === any.provider.issuer);
    await page.focus('button[name=continue]');
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/account$/);
    await page.context().close();
  });

  it('says what was refused, with the focus on it, and leads back', async () => {
    any.provider.user = newcomer();
    const { page } = await open(any.publicUrl, {
      at: '/account/sign-in?return_to=/account/profile',
    });
    await page.click('button[value=acme]');
    await page.waitForURL((url) => url.origin === any.provider.issuer);
    await page.click('form:last-of-type button');
    await page.waitForURL(/\/account\/signed-in/);
    await expect
      .poll(() => page.evaluate(`document.activeElement.matches('[role=alert]')`))
      .toBe(true);
    expect(new URL(page.url()).hash).toBe('');
    await page.click('main a');
    await page.click('button[value=acme]');
    await page.click('button[name=continue]');
    await page.waitForURL(/\/account\/profile$/);
    await page.context().close();
  });

  it('ID-12 takes an answer that the provider has the browser post, as Apple does', async () => {
    posting.user = newcomer();
    posting.page = 'button';
    const { page, violations } = await open(withPosting.app.config.publicUrl);
    await page.click('button[value=double]');
    await page.waitForURL((url) => url.origin === posting.issuer);
    await page.click('button');
    await page.waitForURL(/\/account$/);
    expect(await page.textContent('main')).toContain(posting.user['email']);
    expect(violations).toEqual([]);
    await page.context().close();
  });

  it('ID-9 links an account under Security, and unlinks it', async () => {
    const person = await registerPerson(any.server);
    any.provider.user = newcomer();
    const { page } = await open(any.publicUrl, {
      at: '/account/sign-in?return_to=/account/security/identities',
    });
    await page.fill('[name=email]', person.email);
    await page.fill('[name=password]', person.password);
    await page.click('button[value=password]');
    await page.waitForURL(/\/security\/identities$/);
    await page.click('button[value=acme]');
    await page.waitForURL((url) => url.origin === any.provider.issuer);
    await page.click('button[name=continue]');
    await page.waitForURL(/done=linked/);
    expect(await page.textContent('.rows')).toContain('Acme');
    await page.click('button[value=unlink]');
    await page.waitForURL(/done=unlinked/);
    await page.context().close();
  });
});
