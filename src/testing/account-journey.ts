import type { Browser, Locator, Page } from 'playwright-core';
import type { TestServer } from './app.ts';
import { type Authenticator, authenticator } from './authenticator.ts';
import type { TestIdentityProvider } from './identity-provider.ts';
import { freshAddress, goodPassword } from './people.ts';
import { readQrCode } from './qr-code.ts';
import { addAuthenticator, type VirtualAuthenticator } from './virtual-authenticator.ts';

/** What is done at each page on the way, such as a look or a picture. */
export type Look = (page: Page, name: string) => Promise<void>;

export type JourneyOptions = {
  readonly server: TestServer;
  /** `double`, which the pages offer. */
  readonly provider: TestIdentityProvider;
  readonly browser: Browser;
  readonly language: string;
  /** With scripts off, links' tokens are pasted. */
  readonly scripts: boolean;
  readonly look: Look;
};

type Walk = JourneyOptions & {
  readonly page: Page;
  readonly device: VirtualAuthenticator;
  readonly email: string;
  readonly password: string;
};

const anotherPassword = 'seven green gravel otters';

/**
 * A person's whole life on the built-in pages, in a real browser: every page, refused and done. It
 * finds its way by names of fields and forms, so that it goes in every language. Throws where a
 * page does not lead on.
 */
export async function walkAccountPages(options: JourneyOptions): Promise<void> {
  const context = await options.browser.newContext({
    javaScriptEnabled: options.scripts,
    locale: options.language,
    baseURL: options.server.app.config.publicUrl,
  });
  try {
    const page = await context.newPage();
    const device = await addAuthenticator(page);
    const walk = { ...options, page, device, email: freshAddress(), password: goodPassword };
    await register(walk);
    await signOut(walk);
    await signInWithPassword(walk);
    await linkAccount(walk);
    await signInWithProvider(walk);
    await addPasskey(walk);
    const phone = await addApp(walk);
    await signInWithSecondFactor(walk, phone);
    await signOutAnotherDevice(walk, phone);
    await changeProfile(walk);
    await readAlong(walk);
    await changeAddressAndUndo(walk, phone);
    await exportAndDelete(walk);
    await strayPages(walk);
  } finally {
    await context.close();
  }
}

async function register(walk: Walk): Promise<void> {
  const { page, server, email, password } = walk;
  await open(walk, '/account', 'sign-in');
  await open(walk, '/account/register', 'register');
  await fill(page, { email, password: 'password' });
  await press(page);
  await look(walk, 'register-refused');
  await fill(page, { email, password, name: 'Ada <b>Lovelace</b>' });
  await press(page);
  await look(walk, 'code');
  await fill(page, { code: '000000' });
  await press(page, 'verify');
  await look(walk, 'code-refused');
  await fill(page, { code: await server.nextCode(email) });
  await press(page, 'verify');
  await arrive(walk, '/account', 'home');
}

async function signOut({ page }: Walk): Promise<void> {
  await page.locator('header form button').click();
  await page.waitForURL(/\/account\/sign-in/);
}

async function signInWithPassword(walk: Walk): Promise<void> {
  const { page, server, email, password } = walk;
  await look(walk, 'signed-out');
  await fill(page, { email, password: 'wrong wrong wrong' });
  await press(page, 'password');
  await look(walk, 'sign-in-refused');
  await fill(page, { password });
  await press(page, 'password');
  // Only a browser with scripts has passkeys.
  if (walk.scripts) {
    await arrive(walk, '/account/add-passkey', 'passkey-offered');
    await page.locator('main .aside a').click();
  }
  await arrive(walk, '/account', 'home-again');
  await signOut(walk);
  await open(walk, '/account/forgot-password', 'forgot-password');
  await fill(page, { email });
  await press(page);
  await look(walk, 'forgot-password-sent');
  await openLink(walk, 'reset-password', await server.nextToken(email));
  await look(walk, 'reset-password');
  await fill(page, { newPassword: password });
  await press(page);
  await page.waitForURL(/\/account\/sign-in/);
  await look(walk, 'reset-password-done');
  await fill(page, { email, password });
  await press(page, 'password');
  await page.waitForURL(/\/account$/);
}

async function linkAccount(walk: Walk): Promise<void> {
  const { page, provider, email } = walk;
  provider.user = { sub: email, email: freshAddress(), email_verified: true, name: 'ada' };
  await open(walk, '/account/security/identities', 'identities-none');
  await page.locator('main button[value=double]').click();
  await page.waitForURL(/done=linked/);
  await look(walk, 'identities-linked');
  await press(page, 'unlink');
  await page.waitForURL(/done=unlinked/);
}

/** Refused first, then by a code to the address of the account that is there. */
async function signInWithProvider(walk: Walk): Promise<void> {
  const { page, provider, server, email } = walk;
  await signOut(walk);
  provider.lies = { callback: (parameters) => parameters.set('error', 'access_denied') };
  await page.locator('main button[value=double]').click();
  await arrive(walk, '/account/signed-in', 'provider-refused');
  provider.lies = {};
  provider.user = { ...provider.user, email };
  await page.goto('/account/sign-in');
  await page.locator('main button[value=double]').click();
  await arrive(walk, '/account/code', 'link-identity-code');
  await fill(page, { code: await server.nextCode(email) });
  await press(page, 'verify');
  await page.waitForURL(/\/account$/);
}

/** Adds a passkey, which then waits for a finger each time; without scripts there is none. */
async function addPasskey(walk: Walk): Promise<void> {
  const { page, scripts, device } = walk;
  await open(walk, '/account/security/passkeys', 'passkeys-none');
  if (!scripts) return;
  await press(page, 'start');
  await page.waitForSelector('main [data-passkey]');
  await look(walk, 'passkey-new');
  await fill(page, { name: 'Ada’s <b>laptop</b>' });
  await press(page, 'confirm');
  await page.waitForURL(/done=added/);
  await device.setPresent(false);
  await look(walk, 'passkeys-added');
}

async function removePasskey(walk: Walk): Promise<void> {
  const { page, scripts } = walk;
  if (!scripts) return;
  await page.goto('/account/security/passkeys');
  await page.locator('main .rows a').click();
  await arrive(walk, '/account/security/passkey', 'passkey');
  await fill(page, { name: ' ' });
  await press(page, 'rename');
  await look(walk, 'passkey-refused');
  await press(page, 'remove');
  await page.waitForURL(/done=removed/);
  await look(walk, 'passkeys-removed');
}

/** Sets up an app with what stands in the picture, and reads the recovery codes. */
async function addApp(walk: Walk): Promise<Phone> {
  const { page, server } = walk;
  await open(walk, '/account/security', 'security');
  await open(walk, '/account/security/authenticator', 'authenticator');
  await press(page, 'start');
  const picture = await page.locator('main img').getAttribute('src');
  await look(walk, 'authenticator-picture');
  const svg = decodeURIComponent(picture?.slice('data:image/svg+xml,'.length) ?? '');
  const secret = new URL(readQrCode(svg) ?? '').searchParams.get('secret') ?? '';
  const phone = authenticator(server, secret);
  await fill(page, { code: phone.wrongCode() });
  await press(page);
  await look(walk, 'authenticator-refused');
  await fill(page, { code: phone.code() });
  await press(page);
  await look(walk, 'recovery-codes-shown');
  const recoveryCodes = await page.locator('.codes li').allTextContents();
  if (recoveryCodes.length !== 10) throw new Error('There are no ten recovery codes.');
  return { ...phone, recoveryCodes };
}

type Phone = Authenticator & { readonly recoveryCodes: readonly string[] };

async function signInWithSecondFactor(walk: Walk, phone: Phone): Promise<void> {
  const { page, email, password } = walk;
  for (const code of [() => phone.nextCode(), () => phone.recoveryCodes[0] ?? '']) {
    await signOut(walk);
    await fill(page, { email, password });
    await press(page, 'password');
    await arrive(walk, '/account/code', 'second-step');
    await fill(page, { code: code() });
    await press(page, 'verify');
    await page.waitForURL(/\/account$/);
  }
  await open(walk, '/account/security', 'security-with-app');
  await open(walk, '/account/security/authenticator', 'authenticator-on');
  await open(walk, '/account/security/recovery-codes', 'recovery-codes');
  await removePasskey(walk);
}

/** Signs in elsewhere, finds that device in the list, and ends it there. */
async function signOutAnotherDevice(walk: Walk, phone: Phone): Promise<void> {
  const { browser, page, server, email, password } = walk;
  const baseURL = server.app.config.publicUrl;
  const elsewhere = await browser.newContext({ baseURL, javaScriptEnabled: walk.scripts });
  try {
    const there = await elsewhere.newPage();
    await there.goto('/account/sign-in');
    await fill(there, { email, password });
    await press(there, 'password');
    await there.waitForURL(/\/account\/code/);
    await fill(there, { code: phone.nextCode() });
    await press(there, 'verify');
    await there.waitForURL(/\/account(\/add-passkey)?$/);
    await open(walk, '/account/devices', 'devices');
    await page.locator('main .rows form button').first().click();
    await look(walk, 'devices-ended');
    await there.goto('/account');
    await there.waitForURL(/\/account\/sign-in/);
  } finally {
    await elsewhere.close();
  }
}

async function changeProfile(walk: Walk): Promise<void> {
  const { page } = walk;
  await open(walk, '/account/profile', 'profile');
  await fill(page, { name: 'Ada Lovelace' });
  await press(page);
  await look(walk, 'profile-saved');
}

async function readAlong(walk: Walk): Promise<void> {
  await open(walk, '/account/activity', 'activity');
  await open(walk, '/account/security/password', 'password');
  await open(walk, '/account/data', 'data');
}

async function changeAddressAndUndo(walk: Walk, phone: Phone): Promise<void> {
  const { page, server, email } = walk;
  const newEmail = freshAddress();
  await open(walk, '/account/security/email', 'email');
  // The proof is no longer fresh.
  server.clock.advance(11 * 60);
  await fill(page, { newEmail });
  await press(page);
  await proveAgain(walk, phone);
  await look(walk, 'email-code');
  await fill(page, { code: await server.nextCode(newEmail) });
  await press(page);
  await look(walk, 'email-changed');
  await openLink(walk, 'undo-email-change', await server.nextToken(email));
  await look(walk, 'undo-email-change');
  await press(page);
  await page.waitForURL(/\/account\/sign-in/);
  await look(walk, 'undo-email-change-done');
  await open(walk, '/account/forgot-password');
  await fill(page, { email });
  await press(page);
  await openLink(walk, 'reset-password', await server.nextToken(email));
  await fill(page, { newPassword: anotherPassword });
  await press(page);
  await page.waitForURL(/\/account\/sign-in/);
  await fill(page, { email, password: anotherPassword });
  await press(page, 'password');
  await page.waitForURL(/\/account\/code/);
  await fill(page, { code: phone.nextCode() });
  await press(page, 'verify');
  await page.waitForURL(/\/account$/);
}

async function proveAgain(walk: Walk, phone: Phone): Promise<void> {
  const { page, password } = walk;
  await arrive(walk, '/account/step-up', 'step-up');
  await fill(page, { password });
  await press(page);
  await arrive(walk, '/account/code', 'step-up-code');
  await fill(page, { code: phone.nextCode() });
  await press(page, 'verify');
}

async function exportAndDelete(walk: Walk): Promise<void> {
  const { page, email } = walk;
  await open(walk, '/account/data');
  const [download] = await Promise.all([page.waitForEvent('download'), press(page, 'export')]);
  const stream = await download.createReadStream();
  const pieces: Buffer[] = [];
  for await (const piece of stream) pieces.push(Buffer.from(piece));
  const exported = JSON.parse(Buffer.concat(pieces).toString());
  if (JSON.stringify(exported).includes(email) === false) throw new Error('An export of nobody.');
  await fill(page, { confirmEmail: 'somebody@example.com' });
  await press(page, 'delete');
  await look(walk, 'delete-refused');
  await fill(page, { confirmEmail: email });
  await press(page, 'delete');
  await page.waitForURL(/\/account\/sign-in/);
  await look(walk, 'deleted');
}

/** Pages that are met by a wrong address, an old link, or without having begun anything. */
async function strayPages(walk: Walk): Promise<void> {
  await open(walk, '/account/nowhere', 'no-page');
  await open(walk, '/account/code', 'code-without-step');
  await open(walk, '/account/verify', 'verify');
  await open(walk, '/account/sign-out', 'sign-out');
  await openLink(walk, 'verify', 'x'.repeat(43));
  await press(walk.page);
  await look(walk, 'verify-refused');
}

async function open(walk: Walk, path: string, name?: string): Promise<void> {
  await walk.page.goto(path);
  if (name !== undefined) await look(walk, name);
}

/** As from a mail: by its address with a script, pasted without. */
async function openLink(walk: Walk, path: string, token: string): Promise<void> {
  const { page, scripts, server } = walk;
  const link = `${server.app.config.publicUrl}/account/${path}#token=${token}`;
  await page.goto('about:blank');
  await page.goto(link);
  if (scripts) {
    if (page.url().includes(token)) throw new Error('The token stands in the address.');
  } else {
    await fill(page, { token: link });
  }
}

async function arrive(walk: Walk, path: string, name: string): Promise<void> {
  await walk.page.waitForURL((url) => url.pathname === path);
  await look(walk, name);
}

async function look({ look: at, page }: Walk, name: string): Promise<void> {
  await page.waitForLoadState();
  await at(page, name);
}

async function fill(page: Page, fields: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, value] of Object.entries(fields))
    await page.locator(`main [name=${name}]`).first().fill(value);
}

/** Sends a form by its value, or the page's main one. */
async function press(page: Page, form?: string): Promise<void> {
  const buttons: Locator =
    form === undefined
      ? page.locator('main form button:is(.main, .danger)')
      : page.locator(`main button[name=form][value=${form}]`);
  await buttons.first().click();
}
