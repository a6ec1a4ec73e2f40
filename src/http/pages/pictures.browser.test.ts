import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { environment } from '../../config/read-config.ts';
import type { TestServer } from '../../testing/app.ts';
import { launchBrowser } from '../../testing/browser.ts';
import { createTestClock } from '../../testing/clock.ts';
import {
  makeConsoleAdmin,
  signInToConsole,
  startConsoleServer,
} from '../../testing/console-server.ts';
import { startIdentityProvider } from '../../testing/identity-provider.ts';
import { registerPerson } from '../../testing/people.ts';
import { setRoles } from '../../testing/rows.ts';

/** Where the pictures of the documents go (`npm run pictures`); none are made unless it is set. */
const folder = environment()['PICTURES'];
const browser: Browser | null = folder === undefined ? null : await launchBrowser();

describe.skipIf(browser === null)('the pictures of the documents', { timeout: 300_000 }, () => {
  let server: TestServer;
  let stopProvider: () => Promise<void>;
  beforeAll(async () => {
    const provider = await startIdentityProvider({ clock: createTestClock(new Date()) });
    stopProvider = () => provider.stop();
    const { entry } = provider;
    server = await startConsoleServer({
      identityAllowPrivate: true,
      identityProviders: [
        entry({ name: 'Google', preset: 'google' }),
        entry({ id: 'github', name: 'GitHub', preset: 'github' }),
      ],
    });
  });
  afterAll(async () => {
    await browser?.close();
    await server.stop();
    await stopProvider();
  });

  const register = (name: string) =>
    registerPerson(server, { name, email: `${name.split(' ')[0]?.toLowerCase()}@example.com` });

  /** A page of a browser of its own, as sharp as a good screen needs it. */
  async function open(path: string): Promise<Page> {
    if (browser === null) throw new Error('There is no browser.');
    const context = await browser.newContext({
      baseURL: server.app.config.publicUrl,
      viewport: { width: 900, height: 800 },
      deviceScaleFactor: 1.5,
    });
    const page = await context.newPage();
    await page.goto(path);
    return page;
  }

  async function take(page: Page, name: string): Promise<void> {
    if (folder === undefined) return;
    mkdirSync(folder, { recursive: true });
    await page.screenshot({ path: join(folder, `${name}.png`) });
  }

  it('of the account pages', async () => {
    const page = await open('/account/sign-in');
    await take(page, 'sign-in');
    const { email, password } = await register('Ada Lovelace');
    await page.fill('[name=email]', email);
    await page.fill('[name=password]', password);
    await page.press('[name=password]', 'Enter');
    // Offered once to who has none.
    await page.waitForURL('**/account/add-passkey');
    await take(page, 'passkey');
    await page.goto('/account/security');
    await take(page, 'security');
  });

  it('of the console', async () => {
    for (const name of ['Grace Hopper', 'Alan Turing', 'Katherine Johnson', 'Edsger Dijkstra'])
      await register(name);
    const margaret = await register('Margaret Hamilton');
    await setRoles(server, margaret.id, ['editor']);
    const admin = await makeConsoleAdmin(server, 'Barbara Liskov');
    const page = await open('/console');
    await page.setViewportSize({ width: 1200, height: 800 });
    await signInToConsole(page, admin);
    await page.goto('/console/users');
    await page.waitForSelector('tbody a');
    await take(page, 'console-users');
    await page.goto(`/console/users/${margaret.id}`);
    await page.waitForSelector('.trail summary');
    await take(page, 'console-user');
  });
});
