import Fastify from 'fastify';
import { afterAll, describe, expect, it } from 'vitest';
import { launchBrowser } from '../../testing/browser.ts';
import type { DeliveredMail } from './mailbox.page.ts';
import { mailboxRoute } from './mailbox.route.ts';

const browser = await launchBrowser();
const fastify = Fastify();
let mails: readonly DeliveredMail[] = [];
mailboxRoute(fastify, { list: () => mails });

afterAll(async () => {
  await browser?.close();
  await fastify.close();
});

const hostile: DeliveredMail = {
  id: '1',
  at: '2026-01-02T03:04:05.678Z',
  to: 'ada@example.com',
  subject: 'Your code',
  text: '012345\n',
  html: `<h1>Hello</h1><script>top.document.title = 'taken'</script>
    <img src="http://tracker.invalid/a.png" onerror="top.document.title = 'taken'">
    <form id="f" action="http://tracker.invalid/"></form>
    <a href="http://tracker.invalid/" target="_top">leave</a>`,
};

describe('the mailbox page', () => {
  it.skipIf(browser === null)(
    'shows new mail by itself, and runs and loads nothing from it',
    { timeout: 300_000 },
    async () => {
      const base = await fastify.listen({ host: '127.0.0.1', port: 0 });
      const page = await browser?.newPage();
      if (page === undefined) throw new Error('There is no browser.');
      const elsewhere: string[] = [];
      // A request that the policy blocks is never made.
      page.on('requestfinished', (request) => {
        if (!request.url().startsWith(base)) elsewhere.push(request.url());
      });

      await page.goto(`${base}/dev/mailbox`);
      await page.getByText('No mail yet').waitFor();
      mails = [hostile];
      await page.getByRole('link', { name: 'Your code' }).click();
      const frame = page.frameLocator('iframe');
      expect(await frame.locator('h1').textContent()).toBe('Hello');
      expect(await page.locator('.code').textContent()).toBe('012345');
      await frame.getByText('leave').click();
      expect(page.url()).toBe(`${base}/dev/mailbox/1`);
      expect(await page.title()).toBe('Your code · Latchkey');
      expect(elsewhere).toEqual([]);
      await page.close();
    },
  );
});
