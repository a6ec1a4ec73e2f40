import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestServer } from '../../../testing/app.ts';
import { launchBrowser } from '../../../testing/browser.ts';
import { startPageServer } from '../../../testing/page-server.ts';
import { freshAddress, goodPassword, registerPerson, signIn } from '../../../testing/people.ts';

const browser = await launchBrowser();
let server: TestServer;

beforeAll(async () => {
  server = await startPageServer();
});

afterAll(async () => {
  await browser?.close();
  await server.stop();
});

async function openPage(locale = 'en'): Promise<Page> {
  const context = await browser?.newContext({ locale, baseURL: server.app.config.publicUrl });
  const page = await context?.newPage();
  if (page === undefined) throw new Error('There is no browser.');
  return page;
}

/** The page's clock stands still from now on, until it is told. */
async function holdClock(page: Page): Promise<void> {
  await page.clock.install({ time: '2026-01-02T03:04:05Z' });
  await page.clock.pauseAt('2026-01-02T03:04:06Z');
}

describe.skipIf(browser === null)('the script of the pages', { timeout: 300_000 }, () => {
  it('says what a new password lacks once its field is left, and nothing before', async () => {
    const page = await openPage();
    await page.goto('/account/register');
    const note = page.locator('.field [role=status]');
    await page.locator('[name=password]').pressSequentially('otter');
    expect(await note.textContent()).toBe('');
    await page.keyboard.press('Tab');
    expect(await note.textContent()).toBe('More characters needed: 3');
    // As the server counts: one letter of two code points is one after NFC, an emoji is one.
    await page.fill('[name=password]', 'e\u0301🦦otter');
    await page.keyboard.press('Tab');
    expect(await note.textContent()).toBe('More characters needed: 1');
    await page.fill('[name=password]', goodPassword);
    await page.keyboard.press('Tab');
    expect(await note.textContent()).toBe('Long enough.');
    await page.context().close();
  });

  it.each([
    ['en', 'You can ask for another in 30 seconds.', 'You can ask for another in 1 second.'],
    ['de', 'Einen neuen können Sie in 30 Sekunden anfordern.', 'in 1 Sekunde'],
    ['ar', 'يمكن طلب رمز آخر خلال 30 ثانية.', 'خلال ثانية واحدة'],
  ])('counts down to another code in %s', async (locale, first, last) => {
    const page = await openPage(locale);
    await page.goto('/account/sign-in');
    await page.fill('[name=email]', freshAddress());
    await holdClock(page);
    await page.click('button[value=code]');
    const [hint, button] = [page.locator('[data-wait]'), page.locator('button[value=resend]')];
    expect(await hint.textContent()).toBe(first);
    expect(await button.isDisabled()).toBe(true);
    await page.clock.runFor(29_000);
    expect(await hint.textContent()).toContain(last);
    await page.clock.runFor(1000);
    expect(await hint.isHidden()).toBe(true);
    expect(await button.isDisabled()).toBe(false);
    await page.context().close();
  });

  it('says that an answer is awaited after 200 ms, and no sooner', async () => {
    const page = await openPage();
    await page.goto('/account/sign-in');
    await holdClock(page);
    const words = page.locator('.moment');
    // Nothing is sent, so that the page stays while its answer is awaited.
    await page.evaluate(`addEventListener('submit', (event) => event.preventDefault())`);
    await page.fill('[name=email]', freshAddress());
    await page.fill('[name=password]', goodPassword);
    await page.click('button[value=password]');
    await page.clock.runFor(199);
    expect(await words.textContent()).toBe('');
    await page.clock.runFor(1);
    expect(await words.textContent()).toBe('One moment…');
    await page.evaluate(`dispatchEvent(new Event('pageshow'))`);
    expect(await words.textContent()).toBe('');
    await page.context().close();
  });

  it('PG-5 keeps a link’s token out of the address and out of sight', async () => {
    const person = await registerPerson(server);
    await server.mutate('requestPasswordReset', { email: person.email });
    const token = await server.nextToken(person.email);
    const page = await openPage();
    await page.goto(`/account/reset-password#token=${token}`);
    expect(page.url()).not.toContain(token);
    expect(await page.locator('[name=token]').isHidden()).toBe(true);
    await page.fill('[name=newPassword]', 'passwordpassword');
    await page.click('.main');
    await page.waitForSelector('#newPassword-problem');
    expect(page.url()).not.toContain(token);
    expect(await page.locator('[name=token]').isHidden()).toBe(true);
    const newPassword = 'copper willow sandal monday';
    await page.fill('[name=newPassword]', newPassword);
    await page.click('.main');
    await page.waitForURL(/\/account\/sign-in/);
    await signIn(server, { ...person, password: newPassword });
    await page.context().close();
  });
});
