import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type ServerWithProvider, startServerWithProvider } from '../src/testing/any-provider.ts';
import { enrolTotp } from '../src/testing/authenticator.ts';
import { launchBrowser } from '../src/testing/browser.ts';
import { freePort } from '../src/testing/free-port.ts';
import type { OidcUser } from '../src/testing/oidc-provider.ts';
import { freshAddress, type Person, registerPerson } from '../src/testing/people.ts';
import { ageProof, sessionsOf } from '../src/testing/rows.ts';
import { serveWebApp, webApps } from './serve-web-app.ts';

const browser: Browser | null = await launchBrowser();

afterAll(() => browser?.close());

/** What crosses over in a popup and in a redirect is the same in both apps. */
const oncePerRun = webApps[0];

/** Issue 20: a real provider, by a button, in a real browser. */
describe.skipIf(browser === null).each(webApps)('another provider in the app of %s', (app) => {
  let home: ServerWithProvider;
  let stopSite: () => Promise<void>;
  let origin: string;
  let context: BrowserContext;
  let problems: string[];
  const itOnce = app === oncePerRun ? it : it.skip;

  beforeAll(async () => {
    const port = await freePort();
    origin = `http://localhost:${port}`;
    home = await startServerWithProvider({
      corsOrigins: [origin],
      appUrl: origin,
      identityReturnUrls: [`${origin}/signed-in`],
    });
    stopSite = await serveWebApp(app, { port, authUrl: home.publicUrl });
  });
  afterAll(async () => {
    await stopSite();
    await home.stop();
  });

  beforeEach(async () => {
    if (!browser) return;
    context = await browser.newContext();
    problems = [];
  });
  afterEach(async () => {
    home.provider.isIsolated = false;
    await context.close();
  });

  async function open(path = '/'): Promise<Page> {
    const page = await context.newPage();
    context.on('weberror', (error) => problems.push(String(error.error())));
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') problems.push(message.text());
    });
    await page.goto(`${origin}${path}`);
    return page;
  }

  /** Who has an account at the provider, and none here yet. */
  async function visitor(more: Partial<OidcUser> = {}): Promise<OidcUser> {
    await forgetVisitor();
    const email = more.email ?? freshAddress();
    const user = { sub: email, email, email_verified: true, name: 'Ada', ...more };
    home.provider.user = user;
    return user;
  }

  /** The provider does not know the browser any more, and shows its page. */
  const forgetVisitor = () => context.clearCookies({ domain: '127.0.0.1' });
  const press = (page: Page, name: string) =>
    page.getByRole('button', { name, exact: true }).click();
  const hello = (page: Page) => page.getByRole('heading', { name: /^Hello/ }).waitFor();
  const signInForm = (page: Page) => page.getByRole('heading', { name: 'Sign in' }).waitFor();
  const atProvider = (page: Page) =>
    page.getByRole('heading', { name: 'Another provider' }).waitFor();

  /** The way by a redirect: this page leaves, and comes back. */
  async function signIn(page: Page): Promise<void> {
    await press(page, 'Continue with Acme');
    await atProvider(page);
    await press(page, 'Continue');
  }

  /** Presses a button whose popup is then at the provider. */
  async function openPopup(page: Page, button: string): Promise<Page> {
    const opened = page.waitForEvent('popup');
    await press(page, button);
    const popup = await opened;
    await atProvider(popup);
    return popup;
  }

  async function linkAcme(page: Page): Promise<void> {
    const popup = await openPopup(page, 'Link Acme');
    await Promise.all([popup.waitForEvent('close'), press(popup, 'Continue')]);
    await page.getByRole('button', { name: 'Unlink' }).waitFor();
  }

  async function signInByPassword(page: Page, { email, password }: Person): Promise<void> {
    await page.getByLabel('E-mail').fill(email);
    await page.getByLabel('Password').fill(password);
    await press(page, 'Sign in');
  }

  async function giveCode(page: Page, code: string): Promise<void> {
    await page.getByLabel('Code').fill(code);
    await press(page, 'Confirm');
  }

  const signOut = (page: Page) =>
    page.getByRole('navigation').getByRole('button', { name: 'Sign out', exact: true }).click();

  /** The address that the provider's answer ends at, where the app's scripts do not load. */
  async function returnWithoutApp(page: Page): Promise<string> {
    const scripts = /\/assets\/.*\.js$/;
    await context.route(scripts, (route) => route.abort());
    await press(page, 'Continue');
    await page.waitForURL(/\/signed-in#ticket=[\w-]{43}$/);
    await context.unroute(scripts);
    return page.url();
  }

  it('ID-10 signs in with a redirect, and the address shows nothing of it', async () => {
    const { email } = await visitor({ name: 'Grace' });
    const page = await open('/?coupon=1#items');
    await signIn(page);
    await page.getByRole('heading', { name: 'Hello, Grace' }).waitFor();
    await page.getByText(`Acme ${email}`).waitFor();
    expect(page.url()).toBe(`${origin}/?coupon=1#items`);
    expect(await page.evaluate(() => sessionStorage.length)).toBe(0);
    // The session is a cookie's, as after a password.
    await page.reload();
    await hello(page);
    expect(problems).toEqual([]);
  });

  it('ID-10 signs in in a popup, and the page stays', async () => {
    await visitor();
    const page = await open();
    await page.evaluate(() => Object.assign(window, { isTheSame: true }));
    await page.getByLabel('In a window of its own').check();
    const popup = await openPopup(page, 'Continue with Acme');
    await Promise.all([popup.waitForEvent('close'), press(popup, 'Continue')]);
    await hello(page);
    expect(await page.evaluate('isTheSame')).toBe(true);
    expect(page.url()).toBe(`${origin}/`);
    expect(problems).toEqual([]);
  });

  it('ID-14 asks for the second factor, as after a password', async () => {
    const person = await registerPerson(home.server, { name: 'Ada' });
    const { phone } = await enrolTotp(home.server, person);
    await visitor();
    const page = await open();
    await signInByPassword(page, person);
    await giveCode(page, phone.nextCode());
    await hello(page);
    await linkAcme(page);
    await signOut(page);
    await forgetVisitor();
    await signIn(page);
    await page.getByText('Type the code that your authenticator app shows.').waitFor();
    await giveCode(page, phone.nextCode());
    await hello(page);
    // In a popup too.
    await signOut(page);
    await forgetVisitor();
    await page.getByLabel('In a window of its own').check();
    const popup = await openPopup(page, 'Continue with Acme');
    await press(popup, 'Continue');
    await giveCode(page, phone.nextCode());
    await hello(page);
    expect(problems).toEqual([]);
  });

  it('ID-8 asks whose address it is for a code before it links', async () => {
    const person = await registerPerson(home.server, { name: 'Ada' });
    await visitor({ email: person.email, sub: 'someone' });
    const page = await open();
    await signIn(page);
    await page.getByRole('heading', { name: 'One more step' }).waitFor();
    await giveCode(page, await home.server.nextCode(person.email));
    await hello(page);
    await page.getByText(`Acme ${person.email}`).waitFor();
    expect(problems).toEqual([]);
  });

  it('says so where the user cancels at the provider', async () => {
    await visitor();
    const page = await open();
    await press(page, 'Continue with Acme');
    await atProvider(page);
    await press(page, 'Cancel');
    await page.getByText('The other provider has not signed you in.').waitFor();
    await signInForm(page);
    expect(page.url()).toBe(`${origin}/`);
    await page.getByLabel('In a window of its own').check();
    const popup = await openPopup(page, 'Continue with Acme');
    await Promise.all([popup.waitForEvent('close'), press(popup, 'Cancel')]);
    await page.getByRole('alert').getByText('The other provider has not').waitFor();
    expect(problems).toEqual([]);
  });

  itOnce('ID-10 ADV-63 a return opens nothing in another tab, and is good in its own', async () => {
    await visitor();
    const page = await open();
    await press(page, 'Continue with Acme');
    await atProvider(page);
    const back = await returnWithoutApp(page);
    const other = await open(back.replace(origin, ''));
    await other.getByText('This was begun in another browser or tab').waitFor();
    await signInForm(other);
    expect(other.url()).toBe(`${origin}/`);
    await page.reload();
    await hello(page);
  });

  itOnce('takes the click back where the browser’s button is pressed at the provider', async () => {
    await visitor();
    const page = await open();
    await press(page, 'Continue with Acme');
    await atProvider(page);
    await page.goBack();
    await signIn(page);
    await hello(page);
    expect(problems).toEqual([]);
  });

  itOnce('completes the first of two flows of a tab, and of two tabs each its own', async () => {
    const users = await visitor();
    const tabs: Page[] = [];
    for (const name of ['Ada', 'Grace']) {
      const page = await open();
      await press(page, 'Continue with Acme');
      await atProvider(page);
      const first = page.url();
      await page.goBack();
      await press(page, 'Continue with Acme');
      await atProvider(page);
      if (name === 'Ada') await page.goto(first);
      tabs.push(page);
    }
    for (const [index, page] of tabs.entries()) {
      const sub = `${index} of ${users.email}`;
      home.provider.user = { ...users, sub, email: `${index}-${users.email}` };
      await press(page, 'Continue');
      await hello(page);
    }
    expect(problems).toEqual([]);
  });

  itOnce('a popup that is closed leaves the page as it was', async () => {
    await visitor();
    const page = await open();
    await page.getByLabel('In a window of its own').check();
    const popup = await openPopup(page, 'Continue with Acme');
    await popup.close();
    await page.getByRole('button', { name: 'Continue with Acme', disabled: false }).waitFor();
    expect((await page.locator('.problem').allTextContents()).join('')).toBe('');
    await signInForm(page);
    expect(problems).toEqual([]);
  });

  itOnce('a popup whose page has gone says so', async () => {
    await visitor();
    const page = await open();
    await page.getByLabel('In a window of its own').check();
    const popup = await openPopup(page, 'Continue with Acme');
    await page.close();
    await press(popup, 'Continue');
    await popup.getByText('This was begun in another browser or tab').waitFor();
    await signInForm(popup);
    expect(problems).toEqual([]);
  });

  itOnce('a popup that the provider cuts off from the page still gives the ticket', async () => {
    await visitor();
    home.provider.isIsolated = true;
    const page = await open();
    // As in a browser whose popup is in front.
    await page.evaluate(() => {
      document.hasFocus = () => false;
    });
    await page.getByLabel('In a window of its own').check();
    const popup = await openPopup(page, 'Continue with Acme');
    expect(await popup.evaluate(() => window.opener)).toBeNull();
    expect(await popup.evaluate(() => window.closed)).toBe(false);
    await press(popup, 'Continue');
    await hello(page);
    await expect.poll(() => popup.isClosed()).toBe(true);
    expect(problems).toEqual([]);
  });

  it('ID-9 links and unlinks after a step-up, and keeps the last way in', async () => {
    const person = await registerPerson(home.server, { name: 'Ada' });
    const page = await open();
    await signInByPassword(page, person);
    await hello(page);
    for (const session of await sessionsOf(home.server, person.id))
      await ageProof(home.server, session.id, 3600);
    await visitor();
    await press(page, 'Link Acme');
    await page.getByText('Prove first that it is you.').waitFor();
    await page.getByLabel('Password').fill(person.password);
    const popup = await openPopup(page, 'Continue');
    await press(popup, 'Continue');
    await page.getByRole('button', { name: 'Unlink' }).click();
    await page.getByRole('button', { name: 'Unlink' }).waitFor({ state: 'hidden' });
    await signOut(page);
    // An account of the provider's alone.
    await visitor();
    await signIn(page);
    await page.getByRole('button', { name: 'Unlink' }).click();
    await page.getByRole('alert').filter({ hasText: /\w/ }).waitFor();
    await page.getByRole('button', { name: 'Unlink' }).waitFor();
  });
});
