import { afterAll, describe, expect, it } from 'vitest';
import { launchBrowser } from '../../testing/browser.ts';
import { locales, localeTags } from './locales.ts';
import { renderEmail } from './render-email.ts';
import { sampleContents } from './sample-contents.ts';

const browser = await launchBrowser();
afterAll(() => browser?.close());

const appUrl = 'https://app.example.com';
const samples = Object.values(sampleContents(appUrl));

/** What readers would see, as the rendered page has it, not the markup. */
const look = `[...document.querySelectorAll("iframe")].map(({ contentDocument: document }) => {
  const styleOf = (element) => document.defaultView.getComputedStyle(element);
  const luminance = (color) => {
    const [r, g, b] = color.match(/[\\d.]+/g).map((part) => Number(part) / 255)
      .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const background = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = styleOf(at).backgroundColor;
      if (color !== 'rgba(0, 0, 0, 0)') return color;
    }
    return 'rgb(255, 255, 255)';
  };
  const texts = [...document.querySelectorAll('p, a')]
    .filter((element) => element.textContent.trim());
  const code = document.querySelector('.code');
  return {
    overflow: document.documentElement.scrollWidth - document.defaultView.innerWidth,
    contrast: Math.min(...texts.map((element) => {
      const [a, b] = [luminance(styleOf(element).color), luminance(background(element))]
        .sort((x, y) => y - x);
      return (a + 0.05) / (b + 0.05);
    })),
    page: luminance(background(document.body)),
    direction: styleOf(document.querySelector('.card')).direction,
    align: styleOf(document.querySelector('.card p')).textAlign,
    codeDirection: code && styleOf(code).direction,
  };
})`;

type Look = {
  overflow: number;
  contrast: number;
  page: number;
  direction: string;
  align: string;
  codeDirection: string | null;
};

const attribute = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('"', '&quot;');

describe('mails in a browser', () => {
  it.skipIf(browser === null).each(localeTags)(
    'are readable in %s, on a narrow phone, light and dark',
    { timeout: 300_000 },
    async (locale) => {
      if (browser === null) throw new Error('There is no browser.');
      const context = await browser.newContext({ offline: true });
      const page = await context.newPage();
      const mails = await Promise.all(
        samples.map((content) =>
          renderEmail(content, {
            locale,
            appUrl,
            productName: 'Acme, Inc.',
            templatesDirectory: null,
          }),
        ),
      );
      const frames = mails.map(
        ({ html }) => `<iframe width="320" height="900" srcdoc="${attribute(html)}"></iframe>`,
      );
      await page.setContent(`<style>:root { color-scheme: light dark; }</style>${frames.join('')}`);
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        const looks: Look[] = await page.evaluate(look);
        expect(looks).toHaveLength(samples.length);
        for (const [index, seen] of looks.entries()) {
          const content = samples[index];
          const where = `${content?.template}, ${colorScheme}`;
          expect(seen.overflow, where).toBeLessThanOrEqual(0);
          // WCAG 2.2, 1.4.3.
          expect(seen.contrast, where).toBeGreaterThanOrEqual(4.5);
          expect(seen.page > 0.5, where).toBe(colorScheme === 'light');
          expect(seen.direction, where).toBe(locales[locale].direction);
          expect(seen.align, where).toBe('start');
          expect(seen.codeDirection, where).toBe(content && 'code' in content ? 'ltr' : null);
        }
      }
      await context.close();
    },
  );
});
