import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { environment } from '../../../config/read-config.ts';
import { type Look, walkAccountPages } from '../../../testing/account-journey.ts';
import { startTestServer, type TestServer } from '../../../testing/app.ts';
import { launchBrowser } from '../../../testing/browser.ts';
import { freePort } from '../../../testing/free-port.ts';
import { languageNames } from './language.ts';

const browser = await launchBrowser();
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** Where pictures go (`npm run screenshots`); none are made unless it is set. */
const pictures = environment()['SCREENSHOTS'];

let server: TestServer;

beforeAll(async () => {
  const port = await freePort();
  server = await startTestServer({ config: { port, publicUrl: `http://127.0.0.1:${port}` } });
});

afterAll(async () => {
  await browser?.close();
  await server.stop();
});

const widths = [320, 1280] as const;
const schemes = ['light', 'dark'] as const;

/** Each width in each scheme, of the page as it stands. */
async function inEachWay(page: Page, then: (way: string) => Promise<void>): Promise<void> {
  for (const width of widths) {
    for (const colorScheme of schemes) {
      await page.setViewportSize({ width, height: 800 });
      await page.emulateMedia({ colorScheme });
      await then(`${width}-${colorScheme}`);
    }
  }
}

/** What axe finds against WCAG 2.2 AA, as `rule: element`. */
async function findings(page: Page): Promise<string[]> {
  const isThere = await page.evaluate('typeof axe');
  if (isThere === 'undefined') await page.evaluate(axe);
  return page.evaluate(`axe.run({
    resultTypes: ['violations'],
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  }).then(({ violations }) => violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, any }) => id + ': ' + html + ' ' + (any[0]?.message ?? ''))))`);
}

/** What a page asks of a phone: itself, its style sheet and its script, in bytes as sent. */
async function weigh(page: Page): Promise<number> {
  const urls = await page.evaluate<string[]>(
    `[...document.querySelectorAll('link[rel=stylesheet], script[src]')]
      .map((each) => each.href || each.src)`,
  );
  const texts = await Promise.all(urls.map(async (url) => (await fetch(url)).text()));
  const params = { [constants.BROTLI_PARAM_QUALITY]: 5 };
  const own = brotliCompressSync(await page.content(), { params }).length;
  return texts.reduce((sum, text) => sum + brotliCompressSync(text).length, own);
}

async function takePicture(page: Page, name: string): Promise<void> {
  if (pictures === undefined) return;
  mkdirSync(pictures, { recursive: true });
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });
}

/** Looks at each page in all ways, and keeps what is wrong with it. */
function looker(language: string, options: { axe: boolean }): { look: Look; wrong: string[] } {
  const wrong: string[] = [];
  const watched = new WeakSet<Page>();
  const look: Look = async (page, name) => {
    if (!watched.has(page)) {
      watched.add(page);
      page.on('console', (message) => {
        if (/Content.Security.Policy|Refused to|Trusted/i.test(message.text()))
          wrong.push(`${name}: ${message.text()}`);
      });
    }
    await inEachWay(page, async (way) => {
      const seen = `${language}-${name}-${way}`;
      const width = await page.evaluate<number>('document.documentElement.scrollWidth');
      if (width > Number.parseInt(way, 10)) wrong.push(`${seen}: is ${width} wide`);
      if (options.axe)
        for (const finding of await findings(page)) wrong.push(`${seen}: ${finding}`);
      if (['en', 'ar', 'ja'].includes(language)) await takePicture(page, seen);
    });
    if (options.axe) {
      const weight = await weigh(page);
      if (weight > 5 * 1024) wrong.push(`${language}-${name}: weighs ${weight} bytes`);
    }
  };
  return { look, wrong };
}

describe.skipIf(browser === null)('the account pages in Chromium', { timeout: 900_000 }, () => {
  it.each(Object.keys(languageNames))(
    'PG-1 PG-10 every page in %s: no finding of axe, no violation of the policy, 320 px, 5 kB',
    async (language) => {
      if (browser === null) return;
      const { look, wrong } = looker(language, { axe: true });
      await walkAccountPages({ server, browser, language, scripts: true, look });
      expect(wrong).toEqual([]);
    },
  );

  it('PG-10 the same with scripts off', async () => {
    if (browser === null) return;
    const { look, wrong } = looker('en-no-script', { axe: false });
    await walkAccountPages({ server, browser, language: 'en', scripts: false, look });
    expect(wrong).toEqual([]);
  });
});
