import { brotliCompressSync, constants } from 'node:zlib';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Look, walkAccountPages } from '../../../testing/account-journey.ts';
import type { TestServer } from '../../../testing/app.ts';
import { launchBrowser } from '../../../testing/browser.ts';
import { createTestClock } from '../../../testing/clock.ts';
import {
  startIdentityProvider,
  type TestIdentityProvider,
} from '../../../testing/identity-provider.ts';
import {
  barriers,
  findings,
  inEachWay,
  sideways,
  takePicture,
  watchPolicy,
} from '../../../testing/page-look.ts';
import { startPageServer } from '../../../testing/page-server.ts';
import { pagesWithPasskeys } from '../../../testing/passkey-pages.ts';
import { languageNames } from './language.ts';

const browser = await launchBrowser();

let server: TestServer;
let provider: TestIdentityProvider;

beforeAll(async () => {
  const clock = createTestClock();
  provider = await startIdentityProvider({ clock });
  const { entry } = provider;
  server = await startPageServer(
    (publicUrl) => ({
      ...pagesWithPasskeys(publicUrl),
      identityAllowPrivate: true,
      identityProviders: [
        entry({ name: 'Google', preset: 'google', trustEmail: true }),
        entry({ id: 'github', name: 'GitHub', preset: 'github' }),
        entry({ id: 'acme', name: 'Acme & Søns A/S' }),
      ],
    }),
    clock,
  );
});

afterAll(async () => {
  await browser?.close();
  await server.stop();
  await provider.stop();
});

/** What a page asks of a phone: itself, its style sheet and its script, in bytes as sent. */
async function weigh(page: Page): Promise<number> {
  const urls = await page.evaluate<string[]>(
    `[...document.querySelectorAll('link[rel=stylesheet], script[src]')]
      .map((each) => each.href || each.src)`,
  );
  const texts = await Promise.all(urls.map(async (url) => (await fetch(url)).text()));
  const params = { [constants.BROTLI_PARAM_QUALITY]: 5 };
  // The operator chooses how many providers there are; weight.test.ts weighs their marks.
  const content = (await page.content()).replaceAll(/(?<=<button[^>]*>)<svg.*?<\/svg>/g, '');
  const own = brotliCompressSync(content, { params }).length;
  return texts.reduce((sum, text) => sum + brotliCompressSync(text).length, own);
}

/** Looks at each page in all ways, and keeps what is wrong with it. */
function looker(language: string, options: { full: boolean }): { look: Look; wrong: string[] } {
  const wrong: string[] = [];
  const watched = new WeakSet<Page>();
  const titles = new Map<string, string>();
  let name = '';
  const look: Look = async (page, seen) => {
    name = seen;
    if (!watched.has(page)) {
      watched.add(page);
      page.on('console', (message) => {
        if (/Content.Security.Policy|Refused to|Trusted/i.test(message.text()))
          wrong.push(`${name}: ${message.text()}`);
      });
      await watchPolicy(page, (violation) => wrong.push(`${name}: ${violation}`));
    }
    await inEachWay(page, async (way) => {
      const seen = `${language}-${name}-${way}`;
      const wide = await sideways(page);
      if (wide > 0) wrong.push(`${seen}: is ${wide} px too wide`);
      if (options.full)
        for (const finding of await findings(page)) wrong.push(`${seen}: ${finding}`);
      if (['en', 'ar', 'ja'].includes(language)) await takePicture(page, seen);
    });
    if (!options.full) return;
    for (const barrier of await barriers(page)) wrong.push(`${language}-${name}: ${barrier}`);
    const weight = await weigh(page);
    if (weight > 5 * 1024) wrong.push(`${language}-${name}: weighs ${weight} bytes`);
    const title = await page.title();
    const { pathname } = new URL(page.url());
    const other = titles.get(title) ?? pathname;
    if (other !== pathname) wrong.push(`${pathname} and ${other} have the same title: ${title}`);
    titles.set(title, pathname);
  };
  return { look, wrong };
}

describe.skipIf(browser === null)('the account pages in Chromium', { timeout: 900_000 }, () => {
  it.each(Object.keys(languageNames))(
    'PG-1 PG-10 every page in %s: axe, policy, 320 px, spacing, text size, targets, titles, 5 kB',
    async (language) => {
      if (browser === null) return;
      const { look, wrong } = looker(language, { full: true });
      await walkAccountPages({ server, provider, browser, language, scripts: true, look });
      expect(wrong).toEqual([]);
    },
  );

  it('PG-10 the same with scripts off', async () => {
    if (browser === null) return;
    const { look, wrong } = looker('en-no-script', { full: false });
    await walkAccountPages({ server, provider, browser, language: 'en', scripts: false, look });
    expect(wrong).toEqual([]);
  });
});
