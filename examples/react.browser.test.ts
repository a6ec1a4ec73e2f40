import { readdirSync, readFileSync } from 'node:fs';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../src/testing/app.ts';
import { authenticator } from '../src/testing/authenticator.ts';
import { launchBrowser } from '../src/testing/browser.ts';
import { createTestDatabase, type TestDatabase } from '../src/testing/database.ts';
import { freePort } from '../src/testing/free-port.ts';
import { freshAddress, goodPassword, type Person, registerPerson } from '../src/testing/people.ts';
import { ageProof, sessionsOf } from '../src/testing/rows.ts';
import { addAuthenticator } from '../src/testing/virtual-authenticator.ts';
import { serveWebApp } from './serve-web-app.ts';

const browser: Browser | null = await launchBrowser();
/** Seconds after which an access token has expired. */
const pastExpiry = 16 * 60;

afterAll(() => browser?.close());

describe('the app of the React tutorial', () => {
  it('is at most 80 lines of the developer, none over 100 columns', () => {
    const lines = readdirSync('examples/react/src').flatMap((file) =>
      readFileSync(`examples/react/src/${file}`, 'utf8').split('\n'),
    );
    const code = lines.filter((line) => line.trim() !== '' && !line.startsWith('/** '));
    expect(code.length).toBeGreaterThan(60);
    expect(code.length).toBeLessThanOrEqual(80);
    expect(lines.filter((line) => line.length > 100)).toEqual([]);
  });
});

describe.skipIf(browser === null).each([
  { react: '19', withReact18: false },
  { react: '18', withReact18: true },
])('the app of the React tutorial, with React $react in StrictMode', ({ withReact18 }) => {
  let database: TestDatabase;
  let server: TestServer;
  let stopSite: () => Promise<void>;
  let origin: string;
  let context: BrowserContext;
  let problems: string[];
  let refreshes: number;

  beforeAll(async () => {
    const port = await freePort();
    origin = `http://localhost:${port}`;
    database = await createTestDatabase();
    server = await startTestServer({
      database,
      config: {
        port: await freePort(),
        corsOrigins: [origin],
        appUrl: origin,
        passkeys: { enabled: true, rpId: 'localhost', origins: [origin], limit: 20 },
      },
    });
    const site = { port, authUrl: server.url, withReact18, isDevelopment: true };
    stopSite = await serveWebApp('react', site);
  });
  afterAll(async () => {
    await stopSite();
    await server.stop();
    await database.drop();
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
      const isOfInterest = message.type() === 'error' || message.type() === 'warning';
      if (isOfInterest) problems.push(message.text());
    });
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('request', (request) => {
      if (request.postData()?.includes('mutation refreshSession')) refreshes += 1;
    });
    await page.goto(`${origin}${path}`);
    return page;
  }

  const button = (page: Page, name: string | RegExp) =>
    page.getByRole('button', { name, exact: true });
  const press = (page: Page, name: string) => button(page, name).click();
  const heading = (page: Page, name: string | RegExp) => page.getByRole('heading', { name });
  const hello = (page: Page) => heading(page, /^Hello/).waitFor();
  const signedOut = (page: Page) => heading(page, 'Sign in').waitFor();
  const says = (page: Page, text: string | RegExp) => page.getByText(text).waitFor();

  /** Fills in the form with that button, and presses it. */
  async function send(page: Page, name: string, fields: Record<string, string>): Promise<void> {
    const form = page.locator('form').filter({ has: button(page, name) });
    for (const [label, value] of Object.entries(fields)) await form.getByLabel(label).fill(value);
    await form.getByRole('button').click();
  }
  const signIn = (page: Page, { email, password }: Pick<Person, 'email' | 'password'>) =>
    send(page, 'Sign in', { 'Email address': email, Password: password });
  const register = (page: Page, email: string) =>
    send(page, 'Create an account', {
      Name: 'Ada',
      'Email address': email,
      Password: goodPassword,
    });

  it('says what is wrong with what was typed', async () => {
    const page = await open();
    await signIn(page, { email: freshAddress(), password: 'not a password of anyone' });
    await says(page, 'The e-mail address or the password is not right.');
    const short = { 'Email address': freshAddress(), Password: 'short' };
    await send(page, 'Create an account', short);
    await expect
      .poll(() => page.locator('em').allTextContents())
      .toContainEqual(expect.stringMatching(/character/));
    expect(problems).toEqual([]);
  });

  it('signs up with the code of the mail, and is still signed in after a reload', async () => {
    const email = freshAddress();
    const page = await open();
    await register(page, email);
    await says(page, /We sent a code to/);
    await expect.poll(() => button(page, /^Send another code \(\d+\)$/).isDisabled()).toBe(true);
    await send(page, 'Continue', { Code: '000000' });
    await says(page, 'The code is not right or is no longer valid.');
    await send(page, 'Continue', { Code: await server.nextCode(email) });
    await heading(page, 'Hello, Ada').waitFor();
    await page.reload();
    await heading(page, 'Hello, Ada').waitFor();
    await says(page, 'This device');
    expect(refreshes).toBe(1);
    const kept = await page.evaluate(
      () => JSON.stringify({ ...localStorage, ...sessionStorage }) + document.cookie,
    );
    expect(kept).toMatch(/^\{"latchkey":"\d+"\}$/);
    expect(problems).toEqual([]);
  });

  it('sends another code once the server does', async () => {
    const email = freshAddress();
    const page = await open();
    await page.clock.install({ time: new Date() });
    await register(page, email);
    await says(page, /We sent a code to/);
    const first = await server.nextCode(email);
    server.clock.advance(31);
    await page.clock.fastForward(31_000);
    await press(page, 'Send another code');
    const second = await server.nextCode(email);
    expect(second).not.toBe(first);
    await send(page, 'Continue', { Code: second });
    await heading(page, 'Hello, Ada').waitFor();
    expect(problems).toEqual([]);
  });

  it('signs up with the link of the mail in another tab, and both go on', async () => {
    const email = freshAddress();
    const first = await open();
    await register(first, email);
    await says(first, /We sent a code to/);
    const second = await open(`/verify#token=${await server.nextLink(email)}`);
    await heading(second, 'Confirm your address').waitFor();
    expect(second.url()).toBe(`${origin}/verify`);
    await press(second, 'Continue');
    for (const page of [second, first]) await heading(page, 'Hello, Ada').waitFor();
    await press(second, 'Sign out');
    for (const page of [second, first]) await signedOut(page);
    expect(problems).toEqual([]);
  });

  it('signs in with a mailed code', async () => {
    const { email } = await registerPerson(server);
    const page = await open();
    await send(page, 'Email me a code', { 'Email address': email });
    await says(page, /We sent a code to/);
    await send(page, 'Continue', { Code: await server.nextCode(email) });
    await hello(page);
    expect(problems).toEqual([]);
  });

  it('sets a new password with the link of a mail', async () => {
    const { email } = await registerPerson(server);
    const first = await open();
    await send(first, 'Email me a link to a new password', { 'Email address': email });
    await says(first, 'an email is on its way');
    const page = await open(`/reset-password#token=${await server.nextToken(email)}`);
    await send(page, 'Set password', { 'New password': 'short' });
    await says(page, /character/);
    const password = 'copper willow thunder market';
    await send(page, 'Set password', { 'New password': password });
    await says(page, 'Your new password is set. Sign in with it.');
    await signIn(page, { email, password });
    await hello(page);
    expect(problems).toEqual([]);
  });

  it('takes a change of the address back with the link of a mail', async () => {
    const person = await registerPerson(server);
    const sender = { token: person.accessToken };
    const to = freshAddress();
    const challenge = await server.mutate('requestEmailChange', { newEmail: to }, sender);
    const code = await server.nextCode(to);
    await server.mutate('confirmEmailChange', { challengeId: challenge.id, code }, sender);
    const token = await server.nextToken(person.email);
    const page = await open(`/undo-email-change#token=${token}`);
    await press(page, 'Take the change back');
    await says(page, 'Your former address is back.');
    expect(problems).toEqual([]);
  });

  it('signs out in both tabs', async () => {
    const person = await registerPerson(server);
    const first = await open();
    await signIn(first, person);
    await hello(first);
    const second = await open();
    await hello(second);
    await press(first, 'Sign out');
    await says(first, 'You are signed out.');
    await says(second, 'You have signed out in another tab.');
    expect(problems).toEqual([]);
  });

  it('sets up an authenticator app, and signs in with it', async () => {
    const person = await registerPerson(server);
    const page = await open();
    await signIn(page, person);
    await press(page, 'Set up an app');
    const secret = (await page.getByRole('img').getAttribute('alt')) ?? '';
    const phone = authenticator(server, secret);
    await send(page, 'Continue', { Code: phone.code() });
    await says(page, 'Keep these recovery codes');
    const [recoveryCode = ''] = (await page.locator('pre').textContent())?.split('\n') ?? [];
    await press(page, 'I have kept them');
    await button(page, 'Remove the app').waitFor();

    await press(page, 'Sign out');
    await signIn(page, person);
    await says(page, 'Of your authenticator app, or a recovery code.');
    await send(page, 'Continue', { Code: phone.wrongCode() });
    await says(page, 'The code is not right or is no longer valid.');
    await press(page, 'Back');
    await signIn(page, person);
    await send(page, 'Continue', { Code: phone.nextCode() });
    await hello(page);

    await press(page, 'Sign out');
    await signIn(page, person);
    await send(page, 'Continue', { Code: recoveryCode });
    await hello(page);
    await press(page, 'Remove the app');
    await button(page, 'Set up an app').waitFor();
    expect(problems).toEqual([]);
  });

  it('adds a passkey after a recent proof, signs in with it, and removes it', async () => {
    const person = await registerPerson(server);
    const page = await context.newPage();
    // So that it is the click which signs in.
    await page.addInitScript(() => {
      PublicKeyCredential.isConditionalMediationAvailable = async () => false;
    });
    await addAuthenticator(page);
    await page.goto(origin);
    await signIn(page, person);
    await hello(page);
    for (const { id } of await sessionsOf(server, person.id)) await ageProof(server, id, 11 * 60);
    await page.reload();
    await hello(page);
    await press(page, 'Add a passkey');
    await heading(page, 'Confirm that it is you').waitFor();
    await send(page, 'Continue', { Password: 'not a password of anyone' });
    await page.getByRole('alert').filter({ hasText: /./ }).waitFor();
    await send(page, 'Continue', { Password: person.password });
    await button(page, 'Remove').waitFor();
    await heading(page, 'Confirm that it is you').waitFor({ state: 'hidden' });
    await press(page, 'Sign out');
    await press(page, 'Use a passkey');
    await hello(page);
    await press(page, 'Remove');
    await button(page, 'Remove').waitFor({ state: 'hidden' });
  });

  it('ends another session in one of two tabs whose token has expired', async () => {
    const person = await registerPerson(server);
    const first = await open();
    await signIn(first, person);
    const second = await open();
    for (const page of [first, second]) await button(page, 'End').waitFor();
    refreshes = 0;
    server.clock.advance(pastExpiry);
    const later = new Date(Date.now() + pastExpiry * 1000);
    for (const page of [first, second]) await page.clock.setFixedTime(later);
    await Promise.all([first, second].map((page) => press(page, 'End')));
    for (const page of [first, second]) await heading(page, 'Confirm that it is you').waitFor();
    // One, unless the machine is too busy for one tab to tell the other in time.
    expect(refreshes).toBeLessThanOrEqual(2);
    await press(second, 'Back');
    await send(first, 'Continue', { Password: person.password });
    await button(first, 'End').waitFor({ state: 'hidden' });
    await says(first, 'This device');
    expect(problems).toEqual([]);
  });

  it('shows the sign-in once the session was ended from elsewhere', async () => {
    const person = await registerPerson(server);
    const page = await open();
    await signIn(page, person);
    await button(page, 'End').waitFor();
    await server.mutate('logout', { everywhere: true }, { token: person.accessToken });
    await press(page, 'End');
    await says(page, 'Your session has ended. Sign in again.');
    expect(problems.filter((text) => !text.includes('401'))).toEqual([]);
  });

  it('says that it is offline, and goes on where it was', async () => {
    const person = await registerPerson(server);
    const page = await open();
    await context.setOffline(true);
    await signIn(page, person);
    await says(page, 'The server could not be reached.');
    await context.setOffline(false);
    await press(page, 'Sign in');
    await hello(page);
    expect(problems.filter((text) => !text.includes('ERR_INTERNET_DISCONNECTED'))).toEqual([]);
  });

  it('outlives a restart of the server', async () => {
    const person = await registerPerson(server);
    const page = await open();
    await signIn(page, person);
    await hello(page);
    const port = Number(new URL(server.url).port);
    // Ends only with the connections that the browser keeps open; its port is free at once.
    const stopped = server.stop();
    await page.reload();
    await says(page, 'The server does not answer.');
    server = await server.another({ port });
    await page.evaluate(() => dispatchEvent(new Event('online')));
    await hello(page);
    await context.close();
    await stopped;
    expect(problems.filter((text) => !text.includes('ERR_CONNECTION_'))).toEqual([]);
  });
});
