import { createServer } from 'node:http';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestServer } from '../../../testing/app.ts';
import { launchBrowser } from '../../../testing/browser.ts';
import { startPageServer } from '../../../testing/page-server.ts';
import { registerPerson } from '../../../testing/people.ts';

const browser = await launchBrowser();
let server: TestServer;
/** Another site than localhost: by path, with what its pages hold. */
let elsewhere: { readonly url: string; readonly close: () => void };

beforeAll(async () => {
  server = await startPageServer();
  const { publicUrl } = server.app.config;
  elsewhere = await serve((path) => {
    const [, kind = ''] = /^\/hostile\/(.+)/.exec(path) ?? [];
    return hostilePages(publicUrl)[kind] ?? `<a href="${publicUrl}${path}">in</a>`;
  });
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

/** Pages that have a browser send a form to ours, or show ours. */
function hostilePages(publicUrl: string): Readonly<Record<string, string>> {
  const form = `<form method="post" action="${publicUrl}/account/sign-in">
<input name="email" value="mallory@example.com"><input name="password" value="x">
<button>Go</button></form>`;
  const inFrame = form.replaceAll('"', '&quot;');
  return {
    form,
    'no-referrer': `<meta name="referrer" content="no-referrer">${form}`,
    sandboxed: `<iframe sandbox="allow-forms" srcdoc="${inFrame}"></iframe>`,
    framing: `<iframe src="${publicUrl}/account/sign-in"></iframe>`,
    opening: `<a href="${publicUrl}/account/sign-in" target="_blank" rel="opener">open</a>`,
  };
}

describe.skipIf(browser === null)('another site, in Chromium', { timeout: 300_000 }, () => {
  async function visit(kind: string, javaScriptEnabled: boolean): Promise<Page> {
    const context = await browser?.newContext({ javaScriptEnabled });
    const page = await context?.newPage();
    if (page === undefined) throw new Error('There is no browser.');
    await page.goto(`${elsewhere.url}/hostile/${kind}`);
    return page;
  }

  it.each(
    ['form', 'no-referrer', 'sandboxed'].flatMap((kind) =>
      [true, false].map((scripts) => [kind, scripts] as const),
    ),
  )('PG-3 signs nobody in by its own form: %s, scripts %s', async (kind, scripts) => {
    const page = await visit(kind, scripts);
    const answered = page.waitForResponse((response) => response.request().method() === 'POST');
    const place = kind === 'sandboxed' ? page.frameLocator('iframe') : page;
    await place.locator('button').click();
    const answer = await answered;
    expect(answer.status()).toBe(403);
    expect(answer.headers()['set-cookie']).toBeUndefined();
    await page.context().close();
  });

  it.each([true, false])('PG-3 our own form is taken: scripts %s', async (javaScriptEnabled) => {
    const { email, password } = await registerPerson(server);
    const context = await browser?.newContext({ javaScriptEnabled });
    const page = await context?.newPage();
    if (page === undefined) throw new Error('There is no browser.');
    await page.goto(`${server.app.config.publicUrl}/account/sign-in`);
    await page.fill('[name=email]', email);
    await page.fill('[name=password]', password);
    await page.click('button[value=password]');
    await page.waitForURL(/\/account$/);
    await context?.close();
  });

  it('PG-1 shows none of our pages in a frame', async () => {
    const page = await visit('framing', true);
    await page.waitForLoadState('networkidle');
    const [, frame] = page.frames();
    expect(await frame?.locator('form').count()).toBe(0);
    expect(frame?.url()).toMatch(/^chrome-error:/);
    await page.context().close();
  });

  it('PG-2 holds no window of ours that it has opened', async () => {
    const page = await visit('opening', true);
    const opened = page.context().waitForEvent('page');
    await page.click('a');
    const ours = await opened;
    await ours.waitForSelector('[name=email]');
    expect(new URL(ours.url()).origin).toBe(server.app.config.publicUrl);
    expect(await ours.evaluate('opener')).toBeNull();
    await page.context().close();
  });
});

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
