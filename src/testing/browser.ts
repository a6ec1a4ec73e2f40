import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const usualPlaces = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/**
 * Starts the installed Chromium without a window. Null if there is none: tests that need one are
 * then skipped.
 */
export async function launchBrowser(
  options: { readonly executablePath?: string } = {},
): Promise<Browser | null> {
  const executablePath = options.executablePath ?? usualPlaces.find((path) => existsSync(path));
  if (executablePath === undefined) return null;
  const browser = await chromium.launch({
    executablePath,
    args: [
      // Containers forbid Chromium's own sandbox; it loads only our own pages.
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
    ],
  });
  // As long as a poll of a test: a busy machine takes many times as long.
  browser.on('context', (context) => context.setDefaultTimeout(60_000));
  return browser;
}
