import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestServer } from '../../../testing/app.ts';
import { launchBrowser } from '../../../testing/browser.ts';
import { Keyboard } from '../../../testing/keyboard.ts';
import { startPageServer } from '../../../testing/page-server.ts';
import { freshAddress, goodPassword } from '../../../testing/people.ts';

const browser = await launchBrowser();
let server: TestServer;

beforeAll(async () => {
  server = await startPageServer();
});

afterAll(async () => {
  await browser?.close();
  await server.stop();
});

describe.skipIf(browser === null)(
  'with a keyboard alone, in Chromium',
  { timeout: 300_000 },
  () => {
    it.each([true, false])(
      'PG-10 2.1.1 2.4.7 registers, signs in and proves it: scripts %s',
      async (javaScriptEnabled) => {
        const context = await browser?.newContext({
          javaScriptEnabled,
          baseURL: server.app.config.publicUrl,
          viewport: { width: 1280, height: 900 },
        });
        const page = await context?.newPage();
        if (page === undefined) throw new Error('There is no browser.');
        const keyboard = new Keyboard(page);
        const email = freshAddress();

        await page.goto('/account/register');
        await keyboard.to('.skip');
        await page.keyboard.press('Enter');
        await keyboard.to('[name=email]');
        await page.keyboard.type(email);
        await keyboard.type('[name=password]', 'passwordpassword');
        await keyboard.to('[name=name]');
        await page.keyboard.press('Enter');
        await page.waitForSelector('#password-problem');
        // What went wrong has the focus, although the skip link has left `#main` in the address.
        await expect.poll(() => keyboard.isAt('[name=password]')).toBe(true);
        await page.keyboard.type(goodPassword);
        await keyboard.to('.main');
        await keyboard.press('Space', '/account/code');

        await keyboard.type('[name=code]', '000000');
        await page.keyboard.press('Enter');
        await page.waitForSelector('[role=alert]');
        await expect.poll(() => keyboard.isAt('[role=alert]')).toBe(true);
        await keyboard.type('[name=code]', await server.nextCode(email));
        await keyboard.press('Enter', '/account');

        await keyboard.to('header button');
        await keyboard.press('Enter', '/account/sign-in');
        await keyboard.type('[name=email]', email);
        await keyboard.type('[name=password]', goodPassword);
        await keyboard.press('Enter', '/account');

        server.clock.advance(11 * 60);
        await keyboard.to('[href="/account/security"]');
        await keyboard.press('Enter', '/account/security');
        await keyboard.to('[href="/account/security/email"]');
        await keyboard.press('Enter', '/account/security/email');
        const newEmail = freshAddress();
        await keyboard.type('[name=newEmail]', newEmail);
        await keyboard.press('Enter', '/account/step-up');
        await keyboard.type('[name=password]', goodPassword);
        await keyboard.to('.main');
        await keyboard.press('Space', '/account/security/email');
        await keyboard.type('[name=code]', await server.nextCode(newEmail));
        await keyboard.press('Enter', '/account/security');

        // To the end of a page and round: nothing holds the focus (2.1.2).
        await keyboard.to('footer a:last-child');
        expect(keyboard.wrong).toEqual([]);
        await context?.close();
      },
    );
  },
);
