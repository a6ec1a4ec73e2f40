import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const usualPlaces = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/**
 * Starts the machine's own Chromium without a window. Null where there is none: tests that need one
 * are then skipped.
 */
export async function launchBrowser(
  options: { readonly executablePath?: string } = {},
): Promise<Browser | null> {
  const executablePath = options.executablePath ?? usualPlaces.find((path) => existsSync(path));
  if (executablePath === undefined) return null;
  return chromium.launch({
    executablePath,
    args: [
      // Containers let no process make a sandbox of its own; the pages are ours.
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
    ],
  });
}
