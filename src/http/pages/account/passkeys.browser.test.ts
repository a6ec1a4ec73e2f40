import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { staleAfter } from '../../../testing/account-browser.ts';
import { startTestServer, type TestServer } from '../../../testing/app.ts';
import { totpCode } from '../../../testing/authenticator.ts';
import { launchBrowser } from '../../../testing/browser.ts';
import { meQuery, send } from '../../../testing/client.ts';
import { createTestClock } from '../../../testing/clock.ts';
import { productionEnvironment, strongKey } from '../../../testing/command-line.ts';
import { claimsOf } from '../../../testing/factors.ts';
import { freePort } from '../../../testing/free-port.ts';
import { watchPolicy } from '../../../testing/page-look.ts';
import { type Person, registerPerson } from '../../../testing/people.ts';
import { type ServerProcess, startProcess } from '../../../testing/processes.ts';
import { readQrCode } from '../../../testing/qr-code.ts';
import { lookInto } from '../../../testing/raw-sql.ts';
import { ageProof, sessionsOf } from '../../../testing/rows.ts';
import {
  addAuthenticator,
  type VirtualAuthenticator,
} from '../../../testing/virtual-authenticator.ts';

const browser = await launchBrowser();
/** Has the database, and registers people: the built server serves the pages. */
let home: TestServer;
let built: ServerProcess;
let publicUrl: string;

beforeAll(async () => {
  const port = await freePort();
  // Passkeys take no IP address for a domain.
  publicUrl = `http://localhost:${port}`;
  const config = { secretKeys: [strongKey] };
  home = await startTestServer({ config, clock: createTestClock(new Date()) });
  built = await startProcess(
    {
      ...productionEnvironment(home),
      PUBLIC_URL: publicUrl,
      PASSKEY_ORIGINS: publicUrl,
      RATE_LIMIT_MULTIPLIER: '1000',
    },
    { port },
  );
});

afterAll(async () => {
  await browser?.close();
  built.signal('SIGTERM');
  await built.ended;
  await home.stop();
});

/** Every session's proof is too old for what needs one. */
async function ageProofs({ id }: Person): Promise<void> {
  for (const session of await sessionsOf(home, id)) await ageProof(home, session.id, staleAfter);
}

type Opened = {
  readonly page: Page;
  readonly device: VirtualAuthenticator;
  readonly person: Person;
  /** What the browser says against the page's policy. */
  readonly violations: string[];
};

const buttons = {
  signIn: 'main button[value=passkey]',
  use: 'main button[value=passkey]',
  start: 'main button[value=start]',
  create: 'main button[value=confirm]',
};

/** A person who has just signed in with a password, in a browser with a device for passkeys. */
async function open(
  options: { autofill?: boolean; transport?: 'usb'; owner?: Person } = {},
): Promise<Opened> {
  const context = await browser?.newContext({ baseURL: publicUrl });
  const page = await context?.newPage();
  if (page === undefined) throw new Error('There is no browser.');
  const { autofill = true, owner, ...kind } = options;
  if (!autofill)
    await page.addInitScript(
      `if (window.PublicKeyCredential)
        PublicKeyCredential.isConditionalMediationAvailable = async () => false;`,
    );
  // As on the objects that extensions of password managers put in the browser's place.
  await page.addInitScript(
    `if (window.PublicKeyCredential)
      PublicKeyCredential.prototype.toJSON = () => { throw new TypeError('Illegal invocation'); };`,
  );
  const violations: string[] = [];
  await watchPolicy(page, (violation) => violations.push(violation));
  const device = await addAuthenticator(page, kind);
  const person = owner ?? (await registerPerson(home, { name: 'Ada' }));
  await page.goto('/account/sign-in');
  await typePassword(page, person);
  if (owner === undefined) {
    await page.waitForURL(/\/account\/add-passkey/);
    await page.click('main .aside a');
  }
  await page.waitForURL(/\/account$/);
  return { page, device, person, violations };
}

async function typePassword(page: Page, { email, password }: Person): Promise<void> {
  await page.fill('[name=email]', email);
  await page.fill('[name=password]', password);
  await page.click('button[value=password]');
}

async function addPasskey(page: Page): Promise<void> {
  await page.goto('/account/security/passkeys');
  await page.click(buttons.start);
  await page.click(buttons.create);
  await page.waitForURL(/done=added/);
}

/** The pages' own, which no script can read. */
async function accessTokenOf(page: Page): Promise<string> {
  const cookies = await page.context().cookies();
  return cookies.find(({ name }) => name.endsWith('access'))?.value ?? '';
}

async function signOut(page: Page): Promise<void> {
  await page.click('header form button');
  await page.waitForURL(/\/account\/sign-in/);
}

/** Issue 19: the built server, and the browser's own passkeys. */
describe.skipIf(browser === null)('passkeys on the pages', { timeout: 300_000 }, () => {
  it('are added after a step-up, and sign in by a button with one click', async () => {
    const { page, device, person, violations } = await open({ autofill: false });
    await ageProofs(person);
    await page.goto('/account/security/passkeys');
    await page.click(buttons.start);
    await page.waitForURL(/\/account\/step-up/);
    await page.fill('[name=password]', person.password);
    await page.click('button[value=password]');
    await page.fill('[name=name]', 'Blue key');
    await page.click(buttons.create);
    await page.waitForURL(/done=added/);
    expect(await page.textContent('main')).toContain('Blue key');
    expect(await device.credentials()).toHaveLength(1);
    await signOut(page);
    await page.click(buttons.signIn);
    await page.waitForURL(/\/account$/);
    expect(await page.textContent('header')).toContain('Ada');
    const token = await accessTokenOf(page);
    expect(claimsOf(token)['amr']).toEqual(['hwk', 'user', 'mfa']);
    expect((await send(built.url, meQuery, {}, { token })).data.me.email).toBe(person.email);
    expect(violations).toEqual([]);
    await page.context().close();
  });

  it('of two devices sign in on each of them', async () => {
    const first = await open({ autofill: false });
    await addPasskey(first.page);
    const second = await open({ autofill: false, owner: first.person });
    await addPasskey(second.page);
    await signOut(second.page);
    await first.page.goto('/account/sign-in');
    for (const { page, device } of [first, second]) {
      await page.click(buttons.signIn);
      await page.waitForURL(/\/account$/);
      expect(await device.credentials()).toHaveLength(1);
      await page.goto('/account/security/passkeys');
      expect(await page.locator('main .rows a').count()).toBe(2);
      await page.context().close();
    }
  });

  it('sign in by the browser’s autofill with no click at all', async () => {
    const { page, violations } = await open();
    await addPasskey(page);
    const seen = page.waitForEvent('framenavigated', (frame) => frame.url().includes('/sign-in'));
    await page.click('header form button');
    await seen;
    await page.waitForURL(/\/account$/);
    expect(await page.textContent('header')).toContain('Ada');
    expect(violations).toEqual([]);
    await page.context().close();
  });

  it('complete the second step, where an app is set up', async () => {
    const { page, person } = await open({ autofill: false });
    await addPasskey(page);
    await page.goto('/account/security/authenticator');
    await page.click(buttons.start);
    const picture = await page.getAttribute('main img', 'src');
    const svg = decodeURIComponent(picture?.slice('data:image/svg+xml,'.length) ?? '');
    const secret = new URL(readQrCode(svg) ?? '').searchParams.get('secret') ?? '';
    await page.fill('[name=code]', totpCode(secret, new Date()));
    await page.click('button[value=confirm]');
    await page.waitForSelector('.codes');
    await signOut(page);
    await typePassword(page, person);
    await page.waitForURL(/\/account\/code/);
    await page.click(buttons.use);
    await page.waitForURL(/\/account$/);
    await page.context().close();
  });

  it('are a fresh proof with one click, and are gone from the device once removed', async () => {
    const { page, device, person, violations } = await open({ autofill: false });
    await addPasskey(page);
    expect(await device.credentials()).toHaveLength(1);
    await ageProofs(person);
    await page.click('main .rows a');
    await page.click('main button[value=remove]');
    await page.waitForURL(/\/account\/step-up/);
    await page.click(buttons.use);
    await page.waitForURL(/done=removed/);
    await expect.poll(() => device.credentials()).toEqual([]);
    expect(violations).toEqual([]);
    await page.context().close();
  });

  it('that the server has no more are forgotten by the device', async () => {
    const { page, device, person } = await open({ autofill: false });
    await addPasskey(page);
    await signOut(page);
    await lookInto(home, (sql) => sql`delete from passkeys where user_id = ${person.id}`);
    await page.click(buttons.signIn);
    await page.waitForSelector('.notice.bad');
    await expect.poll(() => device.credentials()).toEqual([]);
    await page.context().close();
  });

  it('a ceremony that is cancelled says so in plain words, and can begin again', async () => {
    const { page } = await open({ autofill: false });
    await addPasskey(page);
    await signOut(page);
    await page.evaluate(`{
      const { get } = navigator.credentials;
      let isFirst = true;
      navigator.credentials.get = (options) => {
        if (!isFirst) return get.call(navigator.credentials, options);
        isFirst = false;
        return Promise.reject(new DOMException('', 'NotAllowedError'));
      };
    }`);
    await page.click(buttons.signIn);
    const note = page.locator('[data-passkey] [role=status]');
    await expect.poll(() => note.textContent()).toContain('No passkey was used.');
    expect(await page.locator('.notice.bad').count()).toBe(0);
    expect(await page.textContent('.moment')).toBe('');
    await page.click(buttons.signIn);
    await page.waitForURL(/\/account$/);
    await page.context().close();
  });

  it('a second one on the same device is refused by it, in plain words', async () => {
    const { page, device } = await open({ autofill: false });
    await addPasskey(page);
    await page.click(buttons.start);
    await page.click(buttons.create);
    const note = page.locator('[data-passkey] [role=status]');
    await expect.poll(() => note.textContent()).toContain('has a passkey of your account already');
    expect(await device.credentials()).toHaveLength(1);
    await page.context().close();
  });

  it('the offer makes one, and does not come again', async () => {
    const context = await browser?.newContext({ baseURL: publicUrl });
    const page = await context?.newPage();
    if (page === undefined) throw new Error('There is no browser.');
    const device = await addAuthenticator(page);
    const person = await registerPerson(home);
    await page.goto('/account/sign-in?return_to=/account/devices');
    await typePassword(page, person);
    await page.waitForURL(/\/account\/add-passkey/);
    await page.click(buttons.start);
    await page.click(buttons.create);
    await page.waitForURL(/\/account\/devices/);
    expect(await device.credentials()).toHaveLength(1);
    await page.context().close();
  });

  it('a page that was left open is opened anew, unless something was typed', async () => {
    const context = await browser?.newContext({ baseURL: publicUrl });
    const page = await context?.newPage();
    if (page === undefined) throw new Error('There is no browser.');
    await page.clock.install();
    await page.goto('/account/sign-in');
    const challenge = () => page.getAttribute('[data-passkey]', 'data-passkey');
    const comeBack = () => page.evaluate(`document.dispatchEvent(new Event('visibilitychange'))`);
    const first = await challenge();
    await page.clock.fastForward(220_000);
    await comeBack();
    expect(await challenge()).toBe(first);
    await page.fill('[name=email]', 'a@example.com');
    await page.clock.fastForward(10_000);
    await comeBack();
    expect(await page.inputValue('[name=email]')).toBe('a@example.com');
    await page.fill('[name=email]', '');
    await comeBack();
    await expect.poll(challenge).not.toBe(first);
    await page.context().close();
  });

  it('shows nothing of passkeys in a browser without them, or without scripts', async () => {
    for (const javaScriptEnabled of [true, false]) {
      const context = await browser?.newContext({
        baseURL: publicUrl,
        javaScriptEnabled,
      });
      const page = await context?.newPage();
      if (page === undefined) throw new Error('There is no browser.');
      await page.addInitScript('delete window.PublicKeyCredential');
      const person = await registerPerson(home);
      await page.goto('/account/sign-in');
      expect(await page.locator(buttons.signIn).isVisible()).toBe(false);
      await typePassword(page, person);
      await page.waitForURL(/\/account$/);
      await page.goto('/account/security/passkeys');
      expect(await page.locator(buttons.start).isVisible()).toBe(false);
      expect(await page.textContent('main')).toContain('This browser cannot use passkeys here.');
      await page.context().close();
    }
  });
});
