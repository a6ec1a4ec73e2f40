import Fastify from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { launchBrowser } from '../../testing/browser.ts';
import { freePort } from '../../testing/free-port.ts';
import {
  barriers,
  findings,
  inEachWay,
  sideways,
  takePicture,
  watchPolicy,
} from '../../testing/page-look.ts';
import { freshAddress, goodPassword } from '../../testing/people.ts';
import { allTools } from '../../testing/tools.ts';
import { pageAssets } from './account/assets.ts';
import type { DeliveredMail } from './mailbox.page.ts';
import { mailboxRoute } from './mailbox.route.ts';
import { toolsAssets } from './tools-page.ts';

const browser = await launchBrowser();
const fastify = Fastify();
let mails: readonly DeliveredMail[] = [];
pageAssets(fastify, allTools);
toolsAssets(fastify);
mailboxRoute(fastify, { list: () => mails, tools: allTools });

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
  html: `<h1>Hello</h1><p style="display: none">styled</p>
    <script>top.document.title = 'taken'</script>
    <img src="http://tracker.invalid/a.png" onerror="top.document.title = 'taken'">
    <meta http-equiv="refresh" content="0; url=http://tracker.invalid/">
    <form action="http://tracker.invalid/"><button>send</button></form>
    <a href="http://tracker.invalid/" target="_top">leave</a>
    <a href="javascript:top.document.title = 'taken'">run</a>
    <a href="data:text/html,taken" target="_self">stay</a>`,
};

describe.skipIf(browser === null)('the mailbox page', () => {
  it('shows new mail by itself, and runs and loads nothing from it', {
    timeout: 300_000,
  }, async () => {
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
    expect(await frame.getByText('styled').isVisible()).toBe(false);
    expect(await page.locator('.code').textContent()).toBe('012345');
    for (const name of ['send', 'leave', 'run', 'stay']) await frame.getByText(name).click();
    // The last has emptied the frame: nothing but a mail is shown in it.
    expect(await frame.getByText('taken').count()).toBe(0);
    expect(page.url()).toBe(`${base}/dev/mailbox/1`);
    expect(await page.title()).toBe('Your code · Latchkey');
    expect(elsewhere).toEqual([]);
    await page.close();
  });

  describe('with the built-in pages', () => {
    let server: TestServer;
    beforeAll(async () => {
      const port = await freePort();
      const publicUrl = `http://localhost:${port}`;
      const config = { port, publicUrl, appUrl: `${publicUrl}/account` };
      server = await startTestServer({ config: { ...config, host: 'localhost' } });
    }, 120_000);
    afterAll(() => server.stop());

    it('PG-1 opens the page that the mail’s button leads to, as whole as any', {
      timeout: 300_000,
    }, async () => {
      const { publicUrl } = server.app.config;
      const email = freshAddress();
      await server.mutate('register', { email, password: goodPassword });
      await server.nextMail(email);
      const context = await browser?.newContext();
      if (context === undefined) throw new Error('There is no browser.');
      const violations: string[] = [];
      await context.exposeFunction('violated', (text: string) => void violations.push(text));
      await context.addInitScript(
        `addEventListener('securitypolicyviolation', (e) => violated(e.violatedDirective));`,
      );
      const mailbox = await context.newPage();
      await mailbox.goto(`${publicUrl}/dev/mailbox`);
      await mailbox.getByRole('link', { name: 'Confirm your email address' }).click();
      const opened = context.waitForEvent('page');
      await mailbox.frameLocator('iframe').getByRole('link').click();
      const page = await opened;
      await page.waitForLoadState();
      expect(new URL(page.url()).pathname).toBe('/account/verify');
      // No part of the sandbox has come along: it has our origin, and its forms can be sent.
      expect(await page.evaluate('origin')).toBe(publicUrl);
      expect(await page.evaluate('opener')).toBeNull();
      expect(violations).toEqual([]);
      await context.close();
    });

    it('PG-10 has nothing that axe finds, as the start page: 320 and 1280 px, light and dark', {
      timeout: 600_000,
    }, async () => {
      const { publicUrl } = server.app.config;
      const page = await browser?.newPage();
      if (page === undefined) throw new Error('There is no browser.');
      const wrong: string[] = [];
      const look = async (name: string, path: string): Promise<void> => {
        await page.goto(`${publicUrl}${path}`);
        await inEachWay(page, async (way) => {
          const wide = await sideways(page);
          if (wide > 0) wrong.push(`${path} ${way}: is ${wide} px too wide`);
          for (const finding of await findings(page)) wrong.push(`${path} ${way}: ${finding}`);
          await takePicture(page, `development-${name}-${way}`);
        });
        for (const barrier of await barriers(page)) wrong.push(`${path}: ${barrier}`);
      };
      await watchPolicy(page, (violation) => wrong.push(violation));
      const email = freshAddress();
      await server.mutate('register', { email, password: goodPassword });
      const { id } = await server.nextMail(email);
      await look('start', '/');
      await look('mailbox', '/dev/mailbox');
      await look('mail', `/dev/mailbox/${id}`);
      await look('no-mail', '/dev/mailbox/none');
      expect(wrong).toEqual([]);
      await page.close();
    });
  });
});
