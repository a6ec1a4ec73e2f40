import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../src/testing/app.ts';
import { authenticator, enrolTotp } from '../src/testing/authenticator.ts';
import { launchBrowser } from '../src/testing/browser.ts';
import { freePort } from '../src/testing/free-port.ts';
import { freshAddress, goodPassword, type Person, registerPerson } from '../src/testing/people.ts';
import { sessionsOf } from '../src/testing/rows.ts';
import { serveWebApp, webApps } from './serve-web-app.ts';

const browser: Browser | null = await launchBrowser();
/** Seconds after which an access token has expired. */
const pastExpiry = 16 * 60;
/** Set it to a folder to look at the pages. */
const screenshots = process.env['SCREENSHOTS'];

afterAll(() => browser?.close());

describe.skipIf(browser === null).each(webApps)('the web app of %s', (app) => {
  let server: TestServer;
  let stopSite: () => Promise<void>;
  let origin: string;
  let context: BrowserContext;
  let problems: string[];
  let refreshes: number;

  beforeAll(async () => {
    const port = await freePort();
    origin = `http://localhost:${port}`;
    server = await startTestServer({ config: { corsOrigins: [origin], appUrl: origin } });
    stopSite = await serveWebApp(app, { port, authUrl: server.url });
  });
  afterAll(async () => {
    await stopSite();
    await server.stop();
  });

  beforeEach(async () => {
    if (!browser) return;
    context = await browser.newContext({ viewport: { width: 1000, height: 800 } });
    problems = [];
    refreshes = 0;
  });
  afterEach(() => context.close());

  async function open(path = '/'): Promise<Page> {
    const page = await context.newPage();
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') problems.push(message.text());
    });
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('request', (request) => {
      if (request.postData()?.includes('mutation refreshSession')) refreshes += 1;
    });
    await page.goto(`${origin}${path}`);
    return page;
  }

  async function signIn(
    page: Page,
    { email, password }: Pick<Person, 'email' | 'password'>,
  ): Promise<void> {
    await page.getByLabel('E-mail').fill(email);
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  }

  async function giveCode(page: Page, code: string): Promise<void> {
    await page.getByLabel('Code').fill(code);
    await page.getByRole('button', { name: 'Confirm' }).click();
  }

  const signedIn = (page: Page) => page.getByRole('heading', { name: /^Hello/ });
  const signedOut = (page: Page) => page.getByRole('heading', { name: 'Sign in' });

  async function shot(page: Page, name: string): Promise<void> {
    if (screenshots)
      await page.screenshot({ path: join(screenshots, `${app}-${name}.png`), fullPage: true });
  }

  /** Of the pages that both apps share, in one of them. */
  const itOnce = app === 'urql' ? it : it.skip;

  itOnce('says what is wrong with what was typed, beside where it was typed', async () => {
    const page = await open();
    await signIn(page, { email: freshAddress(), password: 'not a password of anyone' });
    await page.getByText('The e-mail address or the password is not right.').waitFor();
    await shot(page, 'refused');
    await page.getByRole('button', { name: 'Create an account' }).click();
    await page.getByLabel('E-mail').fill(freshAddress());
    await page.getByLabel('Password').fill('short');
    await page.getByRole('button', { name: 'Create account' }).click();
    await expect
      .poll(() => page.locator('.field .problem').allTextContents())
      .toContainEqual(expect.stringMatching(/character/));
    await shot(page, 'sign-up-refused');
    expect(problems).toEqual([]);
  });

  it('signs up with the code from the mailbox, and is still signed in after a reload', async () => {
    const email = freshAddress();
    const page = await open();
    await shot(page, 'sign-in');
    await page.getByRole('button', { name: 'Create an account' }).click();
    await page.getByLabel('Name').fill('Ada');
    await page.getByLabel('E-mail').fill(email);
    await page.getByLabel('Password').fill(goodPassword);
    await page.getByRole('button', { name: 'Create account' }).click();
    await page.getByRole('heading', { name: 'One more step' }).waitFor();
    await shot(page, 'code');
    await giveCode(page, await server.nextCode(email));
    await page.getByRole('heading', { name: 'Hello, Ada' }).waitFor();
    await page.getByText('This device').waitFor();
    await shot(page, 'account');

    await page.reload();
    await page.getByRole('heading', { name: 'Hello, Ada' }).waitFor();
    expect(refreshes).toBe(1);
    // Nothing that opens the account is where a script of the page could read it.
    const kept = await page.evaluate(
      () => JSON.stringify({ ...localStorage, ...sessionStorage }) + document.cookie,
    );
    expect(kept).toMatch(/^\{"latchkey":"\d+"\}$/);
    expect(problems).toEqual([]);
  });

  itOnce('X-1 completes a registration by its link, where it was begun', async () => {
    const email = freshAddress();
    const first = await open();
    await first.getByRole('button', { name: 'Create an account' }).click();
    await first.getByLabel('Name').fill('Grace');
    await first.getByLabel('E-mail').fill(email);
    await first.getByLabel('Password').fill(goodPassword);
    await first.getByRole('button', { name: 'Create account' }).click();
    await first.getByRole('heading', { name: 'One more step' }).waitFor();
    const page = await open(`/verify#token=${await server.nextLink(email)}`);
    await page.getByRole('button', { name: 'Continue' }).waitFor();
    expect(page.url()).toBe(`${origin}/`);
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('heading', { name: 'Hello, Grace' }).waitFor();
    expect(await page.getByRole('heading', { name: 'Choose a password' }).count()).toBe(0);
    expect(problems).toEqual([]);
  });

  itOnce('X-1 asks for a password where another device began the registration', async () => {
    const email = freshAddress();
    const begun = { email, password: 'copper willow thunder market', name: 'Mallory' };
    await server.mutate('register', begun);
    const page = await open(`/verify#token=${await server.nextLink(email)}`);
    await page.getByText('Registered on another device?').waitFor();
    await shot(page, 'link');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('heading', { name: `Hello, ${email}` }).waitFor();
    await page.getByLabel('New password').fill(goodPassword);
    await page.getByRole('button', { name: 'Save password' }).click();
    await page.getByRole('heading', { name: 'Choose a password' }).waitFor({ state: 'hidden' });
    const login = (password: string) => server.mutate('login', { email, password });
    expect((await login(begun.password)).code).toBe('INVALID_CREDENTIALS');
    expect((await login(goodPassword)).__typename).toBe('AuthTokens');
    expect(problems).toEqual([]);
  });

  itOnce('X-10 says where an unfinished registration is finished', async () => {
    const email = freshAddress();
    await server.mutate('register', { email, password: goodPassword, name: 'Hedy' });
    await server.nextLink(email);
    const page = await open();
    await signIn(page, { email, password: goodPassword });
    await page.getByText('Look into your mailbox').waitFor();
    const reminder = await open(`/verify#token=${await server.nextLink(email)}`);
    await reminder.getByLabel('Password').fill(goodPassword);
    await reminder.getByRole('button', { name: 'Continue' }).click();
    await reminder.getByRole('heading', { name: 'Hello, Hedy' }).waitFor();
    expect(problems).toEqual([]);
  });

  it('refreshes once between two tabs with an expired token', async () => {
    const person = await registerPerson(server);
    const first = await open();
    await signIn(first, person);
    await signedIn(first).waitFor();
    const second = await open();
    await signedIn(second).waitFor();
    // Where the account was registered.
    for (const page of [first, second]) await page.getByText('An unknown device').waitFor();
    refreshes = 0;

    server.clock.advance(pastExpiry);
    const later = new Date(Date.now() + pastExpiry * 1000);
    for (const page of [first, second]) await page.clock.setFixedTime(later);
    // Both ask at the same moment.
    await Promise.all(
      [first, second].map((page) => page.getByRole('listitem').getByRole('button').click()),
    );
    for (const page of [first, second])
      await page.getByText('Prove first that it is you.').waitFor();
    expect(refreshes).toBe(1);
    await shot(first, 'step-up');
    await first.getByLabel('Password').fill(person.password);
    await first.getByRole('button', { name: 'Continue' }).click();
    await first.getByText('An unknown device').waitFor({ state: 'hidden' });
    expect(refreshes).toBe(1);
    expect(problems).toEqual([]);
  });

  it('X-15 is not signed out where the server could not be asked, and goes on later', async () => {
    const person = await registerPerson(server);
    const page = await open();
    await signIn(page, person);
    await signedIn(page).waitFor();
    await page.route('**/graphql', (route) => route.abort());
    await page.reload();
    await page.getByText('The server does not answer.').waitFor();
    expect(await signedOut(page).isVisible()).toBe(false);
    await page.unroute('**/graphql');
    await page.evaluate(() => dispatchEvent(new Event('online')));
    await signedIn(page).waitFor();
    expect(problems.filter((text) => !text.includes('ERR_FAILED'))).toEqual([]);
  });

  it('X-14 asks for a recent proof, and then signs out everywhere', async () => {
    const person = await registerPerson(server);
    const page = await open();
    await signIn(page, person);
    await signedIn(page).waitFor();
    const leave = page.getByRole('button', { name: 'Sign out everywhere' });
    await page.clock.setFixedTime(new Date(Date.now() + 11 * 60 * 1000));
    server.clock.advance(11 * 60);
    await leave.click();
    await page.getByText('Prove first that it is you.').waitFor();
    await page.getByLabel('Password').fill(person.password);
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByText('You are signed out.').waitFor();
    const sessions = await sessionsOf(server, person.id);
    expect(sessions.length).toBeGreaterThan(2);
    expect(sessions.filter(({ revokedAt }) => revokedAt === null)).toEqual([]);
    expect(problems).toEqual([]);
  });

  it('signs out in every tab when one signs out', async () => {
    const person = await registerPerson(server);
    const first = await open();
    await signIn(first, person);
    await signedIn(first).waitFor();
    const second = await open();
    await signedIn(second).waitFor();

    await first
      .getByRole('navigation')
      .getByRole('button', { name: 'Sign out', exact: true })
      .click();
    await signedOut(first).waitFor();
    await second.getByText('You have signed out in another tab.').waitFor();
    await shot(second, 'signed-out-elsewhere');
    await second.reload();
    await signedOut(second).waitFor();
    expect(problems).toEqual([]);
  });

  itOnce(
    'X-16 is signed in after a reload where localStorage was full at the sign-in',
    async () => {
      const person = await registerPerson(server);
      const page = await open();
      await page.evaluate(() => {
        for (let size = 2 ** 22, count = 0; size >= 1; count += 1) {
          try {
            localStorage.setItem(`f${count}`, 'x'.repeat(size));
          } catch {
            size = size > 1 ? size / 2 : 0;
          }
        }
      });
      await signIn(page, person);
      await signedIn(page).waitFor();
      expect(await page.evaluate(() => localStorage.getItem('latchkey'))).toBeNull();
      // Still full, and with room again: neither the entry nor its absence decides.
      await page.reload();
      await signedIn(page).waitFor();
      const other = await open();
      await other.evaluate(() => localStorage.clear());
      await page.close();
      const later = await open();
      await signedIn(later).waitFor();
      expect(await later.evaluate(() => localStorage.getItem('latchkey'))).toMatch(/^\d+$/);
      expect(await later.evaluate(() => document.cookie)).toBe('');
      await later
        .getByRole('navigation')
        .getByRole('button', { name: 'Sign out', exact: true })
        .click();
      await signedOut(later).waitFor();
      refreshes = 0;
      await later.reload();
      await signedOut(later).waitFor();
      expect(refreshes).toBe(0);
      expect(problems).toEqual([]);
    },
  );

  itOnce('X-14 signs out in the browser though the server swallows the request', async () => {
    const person = await registerPerson(server);
    const first = await open();
    await signIn(first, person);
    await signedIn(first).waitFor();
    const second = await open();
    await signedIn(second).waitFor();
    const swallowed: string[] = [];
    await first.route('**/graphql', async (route) => {
      const body = route.request().postData() ?? '';
      if (!body.includes('mutation logout')) return route.continue();
      swallowed.push(body);
    });
    // Its deadline never comes.
    await first.clock.install();
    await first.clock.pauseAt(new Date(Date.now() + 1000));
    await first
      .getByRole('navigation')
      .getByRole('button', { name: 'Sign out', exact: true })
      .click();
    await second.getByText('You have signed out in another tab.').waitFor();
    await expect.poll(() => swallowed.length).toBe(1);
    // While the request hangs, no other tab waits for it to sign in and to refresh.
    await signIn(second, person);
    await signedIn(second).waitFor();
    refreshes = 0;
    await second.reload();
    await signedIn(second).waitFor();
    expect(refreshes).toBe(1);
    await second
      .getByRole('navigation')
      .getByRole('button', { name: 'Sign out', exact: true })
      .click();
    await signedOut(second).waitFor();
    // The page whose request hangs is closed, and opened again.
    await first.close();
    await signedOut(await open()).waitFor();
  });

  it('sets up an authenticator app, and signs in with it', async () => {
    const person = await registerPerson(server, { name: 'Ada' });
    const page = await open();
    await signIn(page, person);
    await page.getByRole('button', { name: 'Set up an app' }).click();
    const secret = (await page.getByTestId('secret').textContent()) ?? '';
    const phone = authenticator(server, secret);
    await page.getByAltText('The secret as a QR code').waitFor();
    await shot(page, 'totp');
    await giveCode(page, phone.code());
    await page.getByText('Keep these recovery codes').waitFor();
    await shot(page, 'recovery-codes');
    const [recoveryCode = ''] = await page.locator('.codes code').allTextContents();
    await page.getByRole('button', { name: 'I have kept them' }).click();
    await page.getByText('Signing in takes a code of your app.').waitFor();

    await page
      .getByRole('navigation')
      .getByRole('button', { name: 'Sign out', exact: true })
      .click();
    await signIn(page, person);
    await page.getByText('Type the code that your authenticator app shows.').waitFor();
    await giveCode(page, phone.wrongCode());
    await page.getByText('The code is not right or is no longer valid.').waitFor();
    await giveCode(page, phone.nextCode());
    await page.getByRole('heading', { name: 'Hello, Ada' }).waitFor();

    await page
      .getByRole('navigation')
      .getByRole('button', { name: 'Sign out', exact: true })
      .click();
    await signIn(page, person);
    await page.getByRole('button', { name: 'Use a recovery code' }).click();
    await giveCode(page, recoveryCode);
    await page.getByRole('heading', { name: 'Hello, Ada' }).waitFor();
    expect(problems).toEqual([]);
  });

  it('asks for a recent proof before it removes the app', async () => {
    const person = await registerPerson(server);
    const { phone } = await enrolTotp(server, person);
    const page = await open();
    await signIn(page, person);
    await giveCode(page, phone.nextCode());
    await signedIn(page).waitFor();
    server.clock.advance(pastExpiry);
    await page.clock.setFixedTime(new Date(Date.now() + pastExpiry * 1000));
    await page.getByRole('button', { name: 'Remove the app' }).click();
    await page.getByText('Prove first that it is you.').waitFor();
    await page.getByLabel('Password').fill(person.password);
    await page.getByRole('button', { name: 'Continue' }).click();
    await giveCode(page, phone.nextCode());
    await page.getByRole('button', { name: 'Set up an app' }).waitFor();
    expect(problems).toEqual([]);
  });

  it('says so, once, when the session was ended from elsewhere', async () => {
    const person = await registerPerson(server);
    const page = await open();
    await signIn(page, person);
    await page.getByText('This device').waitFor();
    await server.mutate(
      'logout',
      { everywhere: true },
      { token: (await registerDevice(person)).accessToken },
    );
    await page.getByRole('listitem').getByRole('button').first().click();
    await page.getByText('Your session has ended. Sign in again.').waitFor();
    expect(refreshes).toBe(1);
    // The one thing that the browser itself reports: a request that was answered with 401.
    expect(problems.filter((text) => !text.includes('401'))).toEqual([]);
  });

  /** Another device of the person, so that there is a row to act on. */
  async function registerDevice({ email, password }: Pick<Person, 'email' | 'password'>) {
    const tokens = await server.mutate('login', { email, password });
    return { accessToken: String(tokens.accessToken) };
  }
});
