import type { Browser, Page } from 'playwright-core';
import type { Config } from '../config/read-config.ts';
import { type BuiltPage, preparePage } from '../http/pages/prepare-page.ts';
import { startTestServer, type TestServer } from './app.ts';
import { type Authenticator, enrolTotp } from './authenticator.ts';
import { createTestClock } from './clock.ts';
import { freePort } from './free-port.ts';
import { watchPolicy } from './page-look.ts';
import { type Person, registerPerson } from './people.ts';
import { setRoles } from './rows.ts';

/** The console's files, as the build makes them; kept between runs, since that takes seconds. */
export function builtConsole(): BuiltPage {
  return preparePage('console', {
    dataDirectory: 'node_modules/.cache/latchkey',
    log: { info: () => {}, error: () => {} },
  });
}

/** A production server with the console, which listens at its PUBLIC_URL. */
export async function startConsoleServer(overrides: Partial<Config> = {}): Promise<TestServer> {
  const port = await freePort();
  const consolePage = builtConsole();
  await consolePage.ready;
  // Passkeys take no IP address for a domain.
  const publicUrl = `http://localhost:${port}`;
  const passkeys = { enabled: true, rpId: 'localhost', origins: [publicUrl], limit: 20 };
  const own = { mode: 'production', port, publicUrl, passkeys } as const;
  return startTestServer({
    config: { ...own, appUrl: `${publicUrl}/account`, ...overrides },
    // Browsers compare with their own.
    clock: createTestClock(new Date()),
    consolePage,
  });
}

export type ConsoleAdmin = Person & { readonly name: string; readonly phone: Authenticator };

/** Someone with the role and an authenticator app, who has not opened the console yet. */
export async function makeConsoleAdmin(
  server: TestServer,
  name = 'Ingrid Administrator',
): Promise<ConsoleAdmin> {
  const person = await registerPerson(server, { name });
  await setRoles(server, person.id, ['admin']);
  const { phone } = await enrolTotp(server, person);
  return { ...person, name, phone };
}

export type OpenConsole = {
  readonly page: Page;
  /** What the page threw, and what its policy has blocked. */
  readonly wrong: string[];
  close(): Promise<void>;
};

/** A page in a browser of its own. */
export async function openPage(
  browser: Pick<Browser, 'newContext'> | null,
  baseURL: string,
): Promise<OpenConsole> {
  if (browser === null) throw new Error('There is no browser.');
  const context = await browser.newContext({ baseURL, viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  const wrong: string[] = [];
  page.on('pageerror', (error) => wrong.push(`error: ${error.message}`));
  await watchPolicy(page, (violation) => wrong.push(`policy: ${violation}`));
  return { page, wrong, close: () => context.close() };
}

/** Signs in where a page shows the console's sign-in; ends at the second step without a phone. */
export async function signInToConsole(
  page: Page,
  { email, password, phone }: Pick<Person, 'email' | 'password'> & { phone?: Authenticator },
): Promise<void> {
  await page.fill('[name=email]', email);
  await page.fill('[name=password]', password);
  await page.click('button.main');
  if (phone === undefined) return;
  await page.fill('[name=code]', phone.nextCode());
  await page.click('button.main');
  await page.waitForSelector('.shell');
}

/** A page at a path of the console, signed in. */
export async function openConsole(
  browser: Pick<Browser, 'newContext'> | null,
  server: TestServer,
  { admin, path = '' }: { readonly admin: ConsoleAdmin; readonly path?: string },
): Promise<OpenConsole> {
  const opened = await openPage(browser, server.app.config.publicUrl);
  await opened.page.goto(`/console${path}`);
  await signInToConsole(opened.page, admin);
  return opened;
}
