import { createServer } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../../testing/app.ts';
import { launchBrowser } from '../../../testing/browser.ts';
import { freePort } from '../../../testing/free-port.ts';
import { registerPerson } from '../../../testing/people.ts';

const browser = await launchBrowser();
let server: TestServer;
/** Another site than localhost. */
let elsewhere: { readonly url: string; readonly close: () => void };

beforeAll(async () => {
  const port = await freePort();
  const publicUrl = `http://localhost:${port}`;
  server = await startTestServer({ config: { publicUrl, port } });
  elsewhere = await serve((path) => `<a href="${publicUrl}${path}">in</a>`);
});

afterAll(async () => {
  elsewhere.close();
  await browser?.close();
  await server.stop();
});

async function serve(
  page: (path: string) => string,
): Promise<{ readonly url: string; readonly close: () => void }> {
  const http = createServer(({ url = '/' }, response) => {
    response.setHeader('content-type', 'text/html').end(page(url));
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const address = http.address();
  const port = typeof address === 'object' ? address?.port : 0;
  return { url: `http://127.0.0.1:${port}`, close: () => void http.close() };
}

describe('a link of another site, in Chromium', () => {
  it.skipIf(browser === null)(
    'leads who is signed in to the page, by cookies that are SameSite=Strict',
    { timeout: 300_000 },
    async () => {
      const { email, password } = await registerPerson(server, { name: 'Ada' });
      const { publicUrl } = server.app.config;
      const context = await browser?.newContext({ javaScriptEnabled: false });
      const page = await context?.newPage();
      if (page === undefined) throw new Error('There is no browser.');
      await page.goto(`${publicUrl}/account/sign-in`);
      await page.fill('[name=email]', email);
      await page.fill('[name=password]', password);
      await page.click('button[value=password]');
      await page.waitForURL(`${publicUrl}/account`);
      for (const [path, end] of [
        ['/account/profile', '/account/profile'],
        ['/account/sign-in?return_to=/account/profile', '/account/profile'],
      ]) {
        await page.goto(`${elsewhere.url}${path}`);
        await page.click('a');
        await page.waitForURL(`${publicUrl}${end}`);
        expect(await page.inputValue('[name=name]')).toBe('Ada');
      }
      await context?.clearCookies();
      await page.goto(`${elsewhere.url}/account/profile`);
      await page.click('a');
      await page.waitForURL(`${publicUrl}/account/sign-in?return_to=%2Faccount%2Fprofile`);
      await context?.close();
    },
  );
});
