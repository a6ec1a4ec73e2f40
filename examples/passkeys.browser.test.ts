import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../src/testing/app.ts';
import { enrolTotp, totpCode } from '../src/testing/authenticator.ts';
import { launchBrowser } from '../src/testing/browser.ts';
import { createTestClock } from '../src/testing/clock.ts';
import { productionEnvironment, strongKey } from '../src/testing/command-line.ts';
import { claimsOf } from '../src/testing/factors.ts';
import { freePort } from '../src/testing/free-port.ts';
import { type Person, registerPerson } from '../src/testing/people.ts';
import { type ServerProcess, startProcess } from '../src/testing/processes.ts';
import { ageProof, sessionsOf } from '../src/testing/rows.ts';
import { addAuthenticator } from '../src/testing/virtual-authenticator.ts';
import { serveWebApp, webApps } from './serve-web-app.ts';

const browser: Browser | null = await launchBrowser();

afterAll(() => browser?.close());

/** How many people the tests of one app need. */
const crowd = 6;

/** Issue 19: the built server, and the browser's own passkeys. */
describe.skipIf(browser === null).each(webApps)('passkeys in the web app of %s', (app) => {
  /** Has the database, and registers people before the built server takes it over. */
  let home: TestServer;
  let built: ServerProcess;
  let stopSite: () => Promise<void>;
  let origin: string;
  let context: BrowserContext;
  let problems: string[];
  /** The `amr` of the tokens that the pages got for passkeys, the newest last. */
  let amrs: unknown[];
  /** How many sign-ins by passkey the pages have begun. */
  let begun: number;
  const people: Person[] = [];

  beforeAll(async () => {
    const port = await freePort();
    origin = `http://localhost:${port}`;
    home = await startTestServer({
      config: { secretKeys: [strongKey], appUrl: origin },
      // Of the past: the built server refuses the code with which an app was enrolled just now.
      clock: createTestClock(new Date(Date.now() - 120_000)),
    });
    while (people.length < crowd) people.push(await registerPerson(home, { name: 'Ada' }));
    built = await startProcess({
      ...productionEnvironment(home),
      APP_URL: origin,
      CORS_ORIGINS: origin,
      RATE_LIMIT_MULTIPLIER: '1000',
    });
    stopSite = await serveWebApp(app, { port, authUrl: built.url });
  });
  afterAll(async () => {
    await stopSite();
    built.signal('SIGTERM');
    await built.ended;
    await home.stop();
  });

  beforeEach(async () => {
    if (!browser) return;
    context = await browser.newContext();
    problems = [];
    amrs = [];
    begun = 0;
  });
  afterEach(() => context.close());

  function nextPerson(): Person {
    const person = people.shift();
    if (!person) throw new Error('Too few people were registered.');
    return person;
  }

  type Opening = { readonly from?: BrowserContext; readonly autofill?: boolean };

  /** A page with a device of its own. Without autofill it is a click that signs in, for sure. */
  async function open({ from = context, autofill = false }: Opening = {}) {
    const page = await from.newPage();
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') problems.push(message.text());
    });
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('request', (request) => {
      if (request.postData()?.includes('mutation requestPasskeyLogin')) begun += 1;
    });
    page.on('response', async (response) => {
      const answer = await response.json().catch(() => null);
      const token = answer?.data?.verifyPasskey?.accessToken;
      if (token) amrs.push(claimsOf(token)['amr']);
    });
    if (!autofill)
      await page.addInitScript(() => {
        PublicKeyCredential.isConditionalMediationAvailable = async () => false;
      });
    const device = await addAuthenticator(page);
    await page.goto(origin);
    return { page, device };
  }

  const press = (page: Page, name: string) =>
    page.getByRole('main').getByRole('button', { name, exact: true }).click();
  const hello = (page: Page) => page.getByRole('heading', { name: 'Hello, Ada' }).waitFor();
  const added = (page: Page, count: number) =>
    expect
      .poll(() => page.getByRole('button', { name: 'Remove', exact: true }).count())
      .toBe(count);

  async function signIn(page: Page, { email, password }: Person): Promise<void> {
    await page.getByLabel('E-mail').fill(email);
    await page.getByLabel('Password').fill(password);
    await press(page, 'Sign in');
  }

  const signOut = (page: Page) =>
    page.getByRole('navigation').getByRole('button', { name: 'Sign out', exact: true }).click();

  /** What the person has proved in any session is too old for what needs a recent proof. */
  async function ageProofs({ id }: Person): Promise<void> {
    for (const session of await sessionsOf(home, id)) await ageProof(home, session.id, 3600);
  }

  async function openWithPasskey(person: Person, opening: Opening = {}) {
    const opened = await open(opening);
    await signIn(opened.page, person);
    await hello(opened.page);
    await press(opened.page, 'Add a passkey');
    await added(opened.page, 1);
    return opened;
  }

  it('are added after a step-up, and sign in with one click', async () => {
    const person = nextPerson();
    const { page, device } = await open();
    await signIn(page, person);
    await hello(page);
    await ageProofs(person);
    await press(page, 'Add a passkey');
    await page.getByText('Prove first that it is you.').waitFor();
    expect(await device.credentials()).toEqual([]);
    await page.getByLabel('Password').fill(person.password);
    await press(page, 'Continue');
    await added(page, 1);
    expect(await device.credentials()).toMatchObject([{ rpId: 'localhost' }]);
    await signOut(page);
    await press(page, 'Sign in with a passkey');
    await hello(page);
    await expect.poll(() => amrs).toEqual([expect.arrayContaining(['hwk', 'user', 'mfa'])]);
    expect(problems).toEqual([]);
  });

  it('sign in without a click, from the field', async () => {
    const { page } = await openWithPasskey(nextPerson(), { autofill: true });
    await signOut(page);
    await expect.poll(() => amrs).toEqual([expect.arrayContaining(['hwk', 'user', 'mfa'])]);
    await hello(page);
    expect(problems).toEqual([]);
  });

  it('are offered again after a click that came to nothing, of which nothing is said', async () => {
    const { page } = await open({ autofill: true });
    await expect.poll(() => begun).toBe(1);
    for (const clicks of [1, 2]) {
      await press(page, 'Sign in with a passkey');
      await expect.poll(() => begun).toBe(1 + 2 * clicks);
    }
    expect((await page.locator('.problem').allTextContents()).join('')).toBe('');
    expect(problems).toEqual([]);
  });

  it('end their autofill, though it has the authenticator, before a click’s ceremony', async () => {
    await context.addInitScript(recordCeremonies);
    const { page, device } = await openWithPasskey(nextPerson(), { autofill: true });
    // But for the first, before there was a passkey.
    const outcomes = () => page.evaluate<unknown>('ceremonies.slice(1)');
    await device.setPresent(false);
    await signOut(page);
    await expect.poll(outcomes).toEqual(['pending']);
    await press(page, 'Sign in with a passkey');
    await expect.poll(outcomes).toEqual(['AbortError', 'pending']);
    expect(problems).toEqual([]);
  });

  it('complete a second step', async () => {
    const person = nextPerson();
    const { phone } = await enrolTotp(home, person);
    const { page } = await open();
    await signIn(page, person);
    await page.getByLabel('Code').fill(totpCode(phone.secret, new Date()));
    await press(page, 'Confirm');
    await hello(page);
    await press(page, 'Add a passkey');
    await added(page, 1);
    await signOut(page);
    await signIn(page, person);
    await page.getByText('Type the code that your authenticator app shows.').waitFor();
    await press(page, 'Use a passkey');
    await hello(page);
    await expect.poll(() => amrs).toMatchObject([expect.arrayContaining(['pwd', 'mfa'])]);
    expect(problems).toEqual([]);
  });

  it('are removed after a step-up with one, and leave the authenticator', async () => {
    const person = nextPerson();
    const { page, device } = await openWithPasskey(person);
    await ageProofs(person);
    await press(page, 'Remove');
    await page.getByText('Prove first that it is you.').waitFor();
    await press(page, 'Use a passkey');
    await added(page, 0);
    await expect.poll(() => device.credentials()).toEqual([]);
    expect(problems).toEqual([]);
  });

  it('are two on two devices, and each signs in', async () => {
    const person = nextPerson();
    const first = await openWithPasskey(person);
    const other = await browser?.newContext();
    if (!other) return;
    const second = await open({ from: other });
    await signIn(second.page, person);
    await hello(second.page);
    await press(second.page, 'Add a passkey');
    await added(second.page, 2);
    await press(second.page, 'Add a passkey');
    await second.page.getByText('There is a passkey of this account already.').waitFor();
    await signOut(second.page);
    await press(second.page, 'Sign in with a passkey');
    await hello(second.page);
    // The new passkey has ended the other sessions.
    await first.page.reload();
    await press(first.page, 'Sign in with a passkey');
    await hello(first.page);
    await added(first.page, 2);
    const [one] = await first.device.credentials();
    const [two] = await second.device.credentials();
    expect(one?.userHandle).toBe(two?.userHandle);
    expect(one?.credentialId).not.toBe(two?.credentialId);
    expect(problems).toEqual([]);
    await other.close();
  });
});

/** Keeps in the page's `ceremonies` what became of each navigator.credentials.get. */
function recordCeremonies(): void {
  const ceremonies: string[] = [];
  Object.assign(window, { ceremonies });
  const get = navigator.credentials.get.bind(navigator.credentials);
  navigator.credentials.get = async (options) => {
    const at = ceremonies.push('pending') - 1;
    try {
      const credential = await get(options);
      ceremonies[at] = 'chosen';
      return credential;
    } catch (error) {
      ceremonies[at] = Object(error).name;
      throw error;
    }
  };
}
