import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { environment } from '../config/read-config.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Where pictures go (`npm run screenshots`); none are made unless it is set. */
const pictures = environment()['SCREENSHOTS'];

const widths = [320, 1280] as const;
const schemes = ['light', 'dark'] as const;

/** Each width in each scheme, of the page as it stands. */
export async function inEachWay(
  page: Page,
  then: (way: string, width: number) => Promise<void>,
): Promise<void> {
  for (const width of widths) {
    for (const colorScheme of schemes) {
      await page.setViewportSize({ width, height: 800 });
      await page.emulateMedia({ colorScheme });
      await then(`${width}-${colorScheme}`, width);
    }
  }
}

export async function takePicture(page: Page, name: string): Promise<void> {
  if (pictures === undefined) return;
  mkdirSync(pictures, { recursive: true });
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });
}

/** What axe finds against WCAG 2.2 AA, as `rule: element`. */
export async function findings(page: Page): Promise<string[]> {
  const isThere = await page.evaluate('typeof axe');
  if (isThere === 'undefined') await page.evaluate(axe);
  return page.evaluate(`axe.run({
    resultTypes: ['violations'],
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  }).then(({ violations }) => violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, any }) => id + ': ' + html + ' ' + (any[0]?.message ?? ''))))`);
}

/** How far the page is wider than the window; 0 where it can be read without scrolling sideways. */
export function sideways(page: Page): Promise<number> {
  return page.evaluate('document.documentElement.scrollWidth - innerWidth');
}

/**
 * What axe cannot see, at 320 px, which is 400 % of 1280 (1.4.10): targets too small and too near
 * (2.5.8), and what is cut off with more space between letters (1.4.12) or, at 1280 px, with text
 * of twice the size (1.4.4).
 */
export async function barriers(page: Page): Promise<string[]> {
  await page.setViewportSize({ width: 320, height: 800 });
  const small = await page.evaluate<string[]>(smallTargets);
  const spaced = await cutOff(page, '1.4.12', spacing);
  await page.setViewportSize({ width: 1280, height: 800 });
  const large = await cutOff(page, '1.4.4', ':root { font-size: 200% !important }');
  return [...small, ...spaced, ...large];
}

/** WCAG 2.2, 1.4.12. */
const spacing = `* {
  line-height: 1.5 !important;
  letter-spacing: 0.12em !important;
  word-spacing: 0.16em !important;
}
p { margin-bottom: 2em !important; }`;

/** What is cut off, or makes the page scroll sideways, with these rules. */
async function cutOff(page: Page, clause: string, rules: string): Promise<string[]> {
  return page.evaluate<string[]>(`(() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(${JSON.stringify(rules)});
    document.adoptedStyleSheets = [sheet];
    const wide = document.documentElement.scrollWidth - innerWidth;
    const cut = [...document.querySelectorAll('body :not(input, select, .unseen)')].filter((each) =>
      getComputedStyle(each).overflowX !== 'visible' && each.scrollWidth > each.clientWidth);
    document.adoptedStyleSheets = [];
    return [
      ...(wide > 0 ? ['${clause}: ' + wide + ' px sideways'] : []),
      ...cut.map((each) => '${clause}: cuts off ' + each.outerHTML.slice(0, 120)),
    ];
  })()`);
}

/**
 * Targets under 24 by 24 px whose circle of that size meets another target; a link in a sentence
 * may be small (WCAG 2.2, 2.5.8).
 */
const smallTargets = `(() => {
  const box = (each) => {
    const { left, top, width, height } = each.getBoundingClientRect();
    const isSmall = width < 24 || height < 24;
    return { each, left, top, width, height, isSmall, x: left + width / 2, y: top + height / 2 };
  };
  const targets = [...document.querySelectorAll('a, button, input, select')]
    .filter((each) => each.checkVisibility() && each.type !== 'hidden' && !each.matches('.skip'))
    .map(box);
  const isInSentence = ({ each }) => getComputedStyle(each).display === 'inline'
    && each.parentElement.textContent.trim() !== each.textContent.trim();
  const distance = ({ x, y }, { left, top, width, height }) => Math.hypot(
    Math.max(left - x, 0, x - left - width), Math.max(top - y, 0, y - top - height));
  const meets = (one, other) => one !== other && (other.isSmall
    ? Math.hypot(one.x - other.x, one.y - other.y) < 24
    : distance(one, other) < 12);
  return targets
    .filter((one) => one.isSmall && !isInSentence(one))
    .filter((one) => targets.some((other) => meets(one, other)))
    .map(({ each, width, height }) =>
      '2.5.8: ' + Math.round(width) + ' by ' + Math.round(height) + ' ' + each.outerHTML);
})()`;

/** Collects violations of the policy in every document of a page, by directive. */
export async function watchPolicy(page: Page, tell: (directive: string) => void): Promise<void> {
  await page.exposeFunction('latchkeyViolated', tell);
  await page.addInitScript(`addEventListener('securitypolicyviolation', (event) =>
    latchkeyViolated(event.violatedDirective + ' ' + event.blockedURI));`);
}
