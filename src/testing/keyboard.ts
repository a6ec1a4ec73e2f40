import type { Page } from 'playwright-core';

type Stop = {
  readonly is: string;
  /** Whether a ring is drawn around it. */
  readonly ring: boolean;
  /** Whether it is in the window, and nothing covers it. */
  readonly seen: boolean;
};

const stopNow = `(() => {
  const each = document.activeElement;
  const { outlineStyle, outlineWidth } = getComputedStyle(each);
  const { left, top, width, height, bottom } = each.getBoundingClientRect();
  const over = document.elementFromPoint(left + width / 2, top + height / 2);
  return {
    is: each.outerHTML.slice(0, 160),
    ring: each.matches(':focus-visible') && outlineStyle !== 'none'
      && parseFloat(outlineWidth) >= 2,
    seen: width > 0 && top >= 0 && bottom <= innerHeight && each.contains(over),
  };
})()`;

/** More stops than any page has. */
const mostStops = 60;

/** A person with a keyboard and nothing else; what is wrong at a stop is kept. */
export class Keyboard {
  readonly wrong: string[] = [];
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  /** Goes from stop to stop as far as this one. */
  to(selector: string): Promise<void> {
    return this.#goTo(() => this.isAt(selector), selector);
  }

  /** The same for a button or link of this text. */
  toText(text: string): Promise<void> {
    return this.#goTo(async () => (await this.text()) === text, text);
  }

  /** Of what has the focus. */
  text(): Promise<string> {
    return this.#page.evaluate('document.activeElement.textContent.trim()');
  }

  async #goTo(isThere: () => Promise<boolean>, what: string): Promise<void> {
    const stops: string[] = [];
    for (let count = 0; count < mostStops; count += 1) {
      await this.#page.keyboard.press('Tab');
      const stop = await this.#page.evaluate<Stop>(stopNow);
      stops.push(stop.is);
      // Beyond the last stop browsers go to their own controls.
      const isPage = !stop.is.startsWith('<body');
      if (isPage && !stop.ring) this.wrong.push(`no ring: ${stop.is}`);
      if (isPage && !stop.seen) this.wrong.push(`not seen: ${stop.is}`);
      if (await isThere()) return;
    }
    throw new Error(`No stop at ${this.#page.url()} is ${what}: ${stops.join('\n')}`);
  }

  isAt(selector: string): Promise<boolean> {
    return this.#page.evaluate(`document.activeElement.matches(${JSON.stringify(selector)})`);
  }

  async type(selector: string, text: string): Promise<void> {
    await this.to(selector);
    await this.#page.keyboard.type(text);
  }

  /** Presses a key, which leads to a page of this path. */
  async press(key: 'Enter' | 'Space', path: string): Promise<void> {
    const arrived = this.#page.waitForURL((url) => url.pathname === path);
    const answered = this.#page.waitForEvent('load');
    await this.#page.keyboard.press(key);
    await answered;
    await arrived;
  }
}
