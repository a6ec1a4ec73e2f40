import type { Page } from 'playwright-core';
import type { Config } from '../config/read-config.ts';
import { preparePage } from '../http/pages/prepare-page.ts';
import type { Administrator } from './administrators.ts';
import { startTestServer, type TestServer } from './app.ts';
import { createTestClock } from './clock.ts';
import { freePort } from './free-port.ts';

/** A server with the console that listens at its PUBLIC_URL, so that a browser finds its way. */
export async function startConsoleServer(overrides: Partial<Config> = {}): Promise<TestServer> {
  const port = await freePort();
  const consolePage = preparePage('console', {
    // Kept between runs: a build takes seconds.
    dataDirectory: 'node_modules/.cache/latchkey',
    log: { info: () => {}, error: () => {} },
  });
  await consolePage.ready;
  // Passkeys take no IP address for a domain.
  const publicUrl = `http://localhost:${port}`;
  const passkeys = { enabled: true, rpId: 'localhost', origins: [publicUrl], limit: 20 };
  return startTestServer({
    config: { port, publicUrl, appUrl: `${publicUrl}/account`, passkeys, ...overrides },
    // Browsers compare with their own.
    clock: createTestClock(new Date()),
    consolePage,
  });
}

/** Signs an administrator in, in a page that shows the console's sign-in. */
export async function signInToConsole(
  page: Page,
  { email, password, phone }: Pick<Administrator, 'email' | 'password' | 'phone'>,
): Promise<void> {
  await page.fill('[name=email]', email);
  await page.fill('[name=password]', password);
  await page.click('button.main');
  await page.fill('[name=code]', phone.nextCode());
  await page.click('button.main');
  await page.waitForSelector('.shell');
}
