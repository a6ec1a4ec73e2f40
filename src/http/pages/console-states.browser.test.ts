import type { Page, Request } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestServer } from '../../testing/app.ts';
import { launchBrowser } from '../../testing/browser.ts';
import {
  type ConsoleAdmin,
  makeConsoleAdmin,
  openConsole,
  openPage,
  signInToConsole,
  startConsoleServer,
} from '../../testing/console-server.ts';
import { sideways } from '../../testing/page-look.ts';
import { registerPerson, signIn } from '../../testing/people.ts';
import { auditOf, deleteUser, setRoles } from '../../testing/rows.ts';
import { addAuthenticator } from '../../testing/virtual-authenticator.ts';

const browser = await launchBrowser();
let server: TestServer;
let admin: ConsoleAdmin;
let publicUrl: string;

beforeAll(async () => {
  server = await startConsoleServer();
  publicUrl = server.app.config.publicUrl;
  admin = await makeConsoleAdmin(server);
});
afterAll(async () => {
  await browser?.close();
  await server.stop();
});

/** The console's own queries among what a page sends. */
function watchQueries(page: Page): string[] {
  const sent: string[] = [];
  page.on('request', (request: Request) => {
    if (!request.url().endsWith('/graphql')) return;
    const name = request.postDataJSON()?.operationName;
    if (/^Console/.test(name ?? '')) sent.push(name);
  });
  return sent;
}

const dialogIsGone = (page: Page) => page.waitForSelector('dialog', { state: 'detached' });
const goneFrom = (page: Page, selector: string) =>
  page.waitForSelector(selector, { state: 'detached' });

describe.skipIf(browser === null)('who may not enter', { timeout: 300_000 }, () => {
  it('AZ-4 PG-8 a stranger, a user and an administrator with one factor see nothing', async () => {
    const person = await registerPerson(server, { name: 'Oliver Ordinary' });
    const weak = await registerPerson(server, { name: 'Wanda Weak' });
    await setRoles(server, weak.id, ['admin']);
    for (const [who, text] of [
      [null, 'Sign in'],
      [person, 'This account does not administer'],
      [weak, 'A second factor is needed'],
    ] as const) {
      const { page, wrong, close } = await openPage(browser, publicUrl);
      const sent = watchQueries(page);
      await page.goto('/console/users');
      await page.waitForSelector('[name=email]');
      if (who !== null) await signInToConsole(page, who);
      await page.waitForSelector(`h1:has-text("${text}")`);
      // Once more, with the session that is there.
      await page.reload();
      await page.waitForSelector(`h1:has-text("${text}")`);
      expect(await page.locator('nav, table').count()).toBe(0);
      expect(await page.innerText('body')).not.toContain(admin.email);
      expect([...sent, ...wrong]).toEqual([]);
      await close();
    }
  });

  it('AZ-4 an administrator whose role was taken away is told at the next request', async () => {
    const other = await makeConsoleAdmin(server, 'Otto');
    const { page, close } = await openConsole(browser, server, { admin: other, path: '/users' });
    await page.waitForSelector('tbody a');
    await setRoles(server, other.id, []);
    await page.click('nav >> text=Trail');
    await page.waitForSelector('h1:has-text("This account does not administer")');
    expect(await page.innerText('body')).not.toContain(admin.email);
    await close();
  });
});

describe.skipIf(browser === null)('a session', { timeout: 300_000 }, () => {
  it('that the account pages have begun is the console’s', async () => {
    const { page, close } = await openPage(browser, publicUrl);
    await page.goto('/account/sign-in');
    await page.fill('[name=email]', admin.email);
    await page.fill('[name=password]', admin.password);
    await page.click('button[value=password]');
    await page.fill('[name=code]', admin.phone.nextCode());
    await page.click('button[value=verify]');
    await page.waitForURL(/\/account(?!\/code)/);
    await page.goto('/console/users');
    await page.waitForSelector('tbody a');
    await close();
  });

  it('that ended in another tab: a sign-in leads back to what was typed', async () => {
    const target = await registerPerson(server, { name: 'Tabea' });
    const path = `/users/${target.id}`;
    const { page, close } = await openConsole(browser, server, { admin, path });
    await page.click('text=Suspend…');
    await page.fill('dialog [name=reason]', 'Half a sentence');
    const other = await page.context().newPage();
    await other.goto('/console');
    await other.click('text=Sign out');
    await page.waitForSelector('text=You signed out in another tab');
    // Another administrator does not find it.
    const second = await makeConsoleAdmin(server, 'Another');
    await signInToConsole(page, second);
    await page.waitForSelector('dialog[open]');
    expect(await page.inputValue('dialog [name=reason]')).toBe('');
    await page.fill('dialog [name=reason]', 'Another sentence');
    await other.bringToFront();
    await other.waitForSelector('.shell');
    await other.click('text=Sign out');
    await page.waitForSelector('[name=email]');
    await signInToConsole(page, second);
    await page.waitForSelector('dialog[open]');
    expect(await page.inputValue('dialog [name=reason]')).toBe('Another sentence');
    await close();
  });

  it('of another user shows nothing that the one before has read', async () => {
    const { page, close } = await openConsole(browser, server, { admin, path: '/users' });
    await page.waitForSelector('tbody a');
    await page.click('text=Sign out');
    await page.waitForSelector('[name=email]');
    const person = await registerPerson(server);
    await signInToConsole(page, person);
    await page.waitForSelector('h1:has-text("does not administer")');
    expect(await page.innerText('body')).not.toContain(admin.email);
    await close();
  });

  it('PG-8 begins and is proved anew with a passkey', async () => {
    const owner = await makeConsoleAdmin(server, 'Petra Passkey');
    const { page, wrong, close } = await openPage(browser, publicUrl);
    const device = await addAuthenticator(page);
    await page.goto('/account/sign-in?return_to=/account/security/passkeys');
    await page.fill('[name=email]', owner.email);
    await page.fill('[name=password]', owner.password);
    await page.click('button[value=password]');
    await page.fill('[name=code]', owner.phone.nextCode());
    await page.click('button[value=verify]');
    await page.click('button[value=start]');
    await page.click('button[value=confirm]');
    await expect.poll(async () => (await device.credentials()).length).toBe(1);
    await page.waitForLoadState();
    await page.goto('/account/sign-out');
    await page.click('main button');
    await page.waitForURL(/sign-in/);
    await page.goto('/console/users');
    await page.click('text=Use a passkey');
    await page.waitForSelector('tbody a');
    server.clock.advance(700);
    const target = await registerPerson(server, { name: 'Theo' });
    await page.goto(`/console/users/${target.id}`);
    await page.click('text=Suspend…');
    await page.click('dialog .danger');
    await page.click('dialog >> text=Use a passkey');
    await page.waitForSelector('.status.suspended');
    const [event] = await auditOf(server, target.id, 'user.suspended');
    expect(event?.actorId).toBe(owner.id);
    expect(wrong).toEqual([]);
    await close();
  });
});

describe.skipIf(browser === null)('a list', { timeout: 300_000 }, () => {
  it('stands in the address: reload, back and a copied link show the same', async () => {
    for (let count = 0; count < 30; count += 1)
      await registerPerson(server, { name: `Zora ${count}` });
    const { page, close } = await openConsole(browser, server, { admin, path: '/users' });
    await page.fill('[name=search]', 'zora');
    await page.waitForURL(/search=zora/);
    await expect.poll(() => page.locator('tbody a').count()).toBe(25);
    await page.click('text=Show more');
    await expect.poll(() => page.locator('tbody a').count()).toBe(30);
    // The focus is on the first of the new ones.
    const focused = await page.evaluate<string>('document.activeElement.textContent');
    expect(await page.locator('tbody a').nth(25).textContent()).toBe(focused);
    const address = page.url();
    await page.click('tbody a >> nth=28');
    await page.waitForSelector('.cards');
    expect(await page.evaluate('document.activeElement.tagName')).toBe('H1');
    expect(await page.title()).toMatch(/^Zora \d+ · Latchkey$/);
    await page.goBack();
    await expect.poll(() => page.locator('tbody a').count()).toBe(30);
    expect(page.url()).toBe(address);
    await page.reload();
    await expect.poll(() => page.locator('tbody a').count()).toBe(30);
    expect(await page.inputValue('[name=search]')).toBe('zora');
    await page.selectOption('[name=status]', 'SUSPENDED');
    await page.waitForSelector('text=No address or name');
    await page.goBack();
    await expect.poll(() => page.locator('tbody a').count()).toBe(30);
    expect(await page.inputValue('[name=status]')).toBe('');
    await close();
  });

  it('leads a copied line of the trail to the same line, however much came after', async () => {
    const target = await registerPerson(server, { name: 'Lina' });
    const path = `/users/${target.id}`;
    const { page, close } = await openConsole(browser, server, { admin, path });
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.click('.trail li:has-text("Registered") summary');
    const id = await page.textContent('.trail details[open] dd:has(+ *) code, .detail code');
    expect(id).not.toBe('');
    await page.click('.trail details[open] >> text=Copy as link');
    await page.waitForSelector('text=Copied');
    const link = await page.evaluate<string>('navigator.clipboard.readText()');
    for (let count = 0; count < 30; count += 1) await signIn(server, target);
    await page.goto(link);
    await page.waitForSelector('.trail details[open]');
    const line = await page.textContent('.trail details[open] summary');
    expect(line).toContain('Registered');
    expect(line).toContain('Lina');
    await close();
  });
});

describe.skipIf(browser === null)('the focus', { timeout: 300_000 }, () => {
  it('stays where one is, when what was pressed goes away', async () => {
    const target = await registerPerson(server, { name: 'Fiona' });
    for (let count = 0; count < 11; count += 1) await signIn(server, target);
    const path = `/users/${target.id}`;
    const { page, close } = await openConsole(browser, server, { admin, path });
    const focused = (selector: string) =>
      page.evaluate(`document.activeElement.matches('${selector}')`);
    await page.waitForSelector('.rows li');
    await page.click('.rows + .more >> text=Show more');
    await expect.poll(() => page.locator('.rows li').count()).toBe(12);
    expect(await focused('.rows li:nth-child(11) button')).toBe(true);
    await page.reload();
    await expect.poll(() => page.locator('.rows li').count()).toBe(12);
    await page.goto('/console/trail');
    await page.fill('[name=user]', target.email);
    await page.press('[name=user]', 'Enter');
    await page.waitForSelector('.chosen');
    expect(await focused('.chosen button')).toBe(true);
    await page.keyboard.press('Enter');
    await page.waitForSelector('[name=user]');
    expect(await focused('[name=user]')).toBe(true);
    await page.selectOption('[name=type]', 'login.failed');
    await page.click('text=Clear all');
    expect(await focused('[name=type]')).toBe(true);
    await close();
  });

  it('is left in the field while one types after a refusal', async () => {
    const target = await registerPerson(server, { name: 'Frank' });
    const path = `/users/${target.id}?do=suspend`;
    const { page, close } = await openConsole(browser, server, { admin, path });
    server.clock.advance(700);
    await page.click('dialog .danger');
    await page.fill('dialog [name=password]', 'wrong wrong wrong');
    await page.keyboard.press('Enter');
    await page.waitForSelector('dialog [role=alert]:has-text("The password is wrong")');
    expect(await page.evaluate(`document.activeElement.role`)).toBe('alert');
    await page.focus('dialog [name=password]');
    await page.keyboard.type(admin.password);
    await page.keyboard.press('Enter');
    await page.waitForSelector('dialog [name=code]');
    await close();
  });

  it('PG-10 a reader is told how much a search has found', async () => {
    const { page, close } = await openConsole(browser, server, { admin, path: '/users' });
    const said = page.locator('p.unseen[role=status]');
    await expect.poll(() => said.textContent()).toMatch(/shown/);
    await page.fill('[name=search]', 'nobody-at-all');
    await expect.poll(() => said.textContent()).toBe('No address or name begins with that.');
    await page.fill('[name=search]', admin.email);
    await expect.poll(() => said.textContent()).toBe('1 is shown.');
    await close();
  });
});

describe.skipIf(browser === null)('what goes wrong', { timeout: 300_000 }, () => {
  it('a server that is away costs nothing that was typed', async () => {
    const target = await registerPerson(server, { name: 'Ada' });
    const path = `/users/${target.id}`;
    const { page, close } = await openConsole(browser, server, { admin, path });
    await page.click('text=Suspend…');
    await page.fill('dialog [name=reason]', 'A long story');
    await page.route('**/graphql', (route) => route.abort());
    await page.click('dialog .danger');
    await page.waitForSelector('dialog [role=alert]:has-text("does not answer")');
    expect(await page.inputValue('dialog [name=reason]')).toBe('A long story');
    await page.unroute('**/graphql');
    await page.click('dialog .danger');
    await dialogIsGone(page);
    await page.waitForSelector('.status.suspended');
    await close();
  });

  it('a list that failed is read again by a press, and says what it waits for', async () => {
    const { page, close } = await openConsole(browser, server, { admin });
    await page.waitForSelector('.figure');
    await page.route('**/graphql', (route) => route.abort());
    await page.click('nav >> text=Users');
    await page.waitForSelector('[role=alert]:has-text("does not answer")');
    await page.unroute('**/graphql');
    await page.route('**/graphql', async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 1000));
      await route.continue();
    });
    await page.click('button:has-text("Try again")');
    await page.waitForSelector('tbody a');
    await page.click('nav >> text=Signing keys');
    await page.waitForSelector('[role=status]:has-text("Loading keys")');
    await page.waitForSelector('tbody code');
    await close();
  });

  it('a server that is away at first is asked again, by itself and by a press', async () => {
    const { page, close } = await openConsole(browser, server, { admin, path: '/users' });
    await page.waitForSelector('tbody a');
    await page.route('**/graphql', (route) => route.abort());
    await page.reload();
    await page.waitForSelector('h1:has-text("The server does not answer")');
    await page.unroute('**/graphql');
    await page.click('button:has-text("Try again")');
    await page.waitForSelector('tbody a');
    await close();
  });

  it('a change that another administrator has made impossible is said in words', async () => {
    const target = await registerPerson(server, { name: 'Vera' });
    const path = `/users/${target.id}`;
    const { page, close } = await openConsole(browser, server, { admin, path });
    await page.click('text=Suspend…');
    await deleteUser(server, target.id);
    await page.click('dialog .danger');
    await page.waitForSelector('text=There is no such user');
    // Behind it, too.
    await page.waitForSelector('h1:has-text("No such user")');
    await close();
  });

  it('roles that another administrator has changed meanwhile are not written over', async () => {
    const target = await registerPerson(server, { name: 'Rosa' });
    await setRoles(server, target.id, ['editor', 'support']);
    const path = `/users/${target.id}`;
    const { page, close } = await openConsole(browser, server, { admin, path });
    await page.click('text=Change roles…');
    await page.fill('[name=roles]', 'editor, support, billing');
    await setRoles(server, target.id, ['editor']);
    await page.click('dialog .main');
    await page.waitForSelector('dialog [role=alert]:has-text("meanwhile, to: editor.")');
    expect(await page.inputValue('[name=roles]')).toBe('editor, support, billing');
    await page.fill('[name=roles]', 'editor, billing');
    await page.click('dialog .main');
    await dialogIsGone(page);
    expect(await page.locator('.roles li').allTextContents()).toEqual(['editor', 'billing']);
    await close();
  });

  it('what was done is said on its own screen, and on no other', async () => {
    const target = await registerPerson(server, { name: 'Max' });
    const path = `/users/${target.id}`;
    const { page, close } = await openConsole(browser, server, { admin, path });
    await page.click('text=Suspend…');
    await page.click('dialog .danger');
    await page.waitForSelector('text=The account is suspended.');
    await page.click('nav >> text=Users');
    await page.waitForSelector('tbody a');
    expect(await page.locator('text=The account is suspended.').count()).toBe(0);
    await page.goBack();
    await page.waitForSelector('.subhead');
    expect(await page.locator('text=The account is suspended.').count()).toBe(0);
    await close();
  });

  it('an address that names no dialog opens none', async () => {
    const path = `/users/${admin.id}?do=constructor`;
    const { page, wrong, close } = await openConsole(browser, server, { admin, path });
    await page.waitForSelector('.subhead');
    expect(await page.locator('dialog').count()).toBe(0);
    expect(wrong).toEqual([]);
    await close();
  });

  it('AZ-7 the last administrator stays: the server’s sentence is shown', async () => {
    const alone = await startConsoleServer();
    const only = await makeConsoleAdmin(alone);
    const path = `/users/${only.id}?do=roles`;
    const { page, close } = await openConsole(browser, alone, { admin: only, path });
    await page.fill('[name=roles]', '');
    await page.waitForSelector('text=Without admin they administer no more');
    await page.click('dialog .main');
    await page.waitForSelector('dialog [role=alert]:has-text("last administrator")');
    await close();
    await alone.stop();
  });

  it('a screen whose file is gone, after an update of the server, asks for a reload', async () => {
    const { page, close } = await openPage(browser, publicUrl);
    await page.route(/assets\/keys-/, (route) => route.abort());
    await page.goto('/console/users');
    await signInToConsole(page, admin);
    await page.click('nav >> text=Signing keys');
    await page.waitForSelector('text=This screen could not be shown');
    await close();
  });
});

describe.skipIf(browser === null)('names', { timeout: 300_000 }, () => {
  it.each([
    '<img src=x onerror="window.taken=1"><script>window.taken=1</script>',
    'مريم بنت محمد الخوارزمي',
    '\u202eevil\u202c',
    'W'.repeat(100),
    `${'न्'.repeat(49)}न`,
    'क्षत्रिय 👩‍👩‍👧‍👦 نامه‌ای',
    `javascript:window.taken=1`,
  ])('PG-1 %s is inert and whole', async (name) => {
    const target = await registerPerson(server, { name });
    const [row] = (
      await server.send(
        '{ users(first: 1) { edges { node { name } } } }',
        {},
        {
          token: (await adminTokens()).accessToken,
        },
      )
    ).data.users.edges;
    const stored: string = row.node.name;
    const { page, wrong, close } = await openConsole(browser, server, { admin, path: '/users' });
    await page.setViewportSize({ width: 320, height: 800 });
    for (const path of [
      `/users?search=${encodeURIComponent(target.email)}`,
      `/users/${target.id}`,
    ]) {
      await page.goto(`/console${path}`);
      await page.waitForSelector('.name');
      const shown = page.locator('main bdi.name').first();
      expect(await shown.textContent()).toBe(stored);
      // In a line of its own direction, and cut off nowhere.
      expect(await sideways(page)).toBe(0);
      const [direction, isCut] = await page.evaluate<[string, boolean]>(`(() => {
        const shown = document.querySelector('main bdi.name');
        const { right } = shown.getBoundingClientRect();
        return [getComputedStyle(shown).unicodeBidi, right > innerWidth];
      })()`);
      expect([direction, isCut]).toEqual(['isolate', false]);
    }
    expect(await page.evaluate('window.taken')).toBeUndefined();
    expect(wrong).toEqual([]);
    await close();
  });

  async function adminTokens() {
    const challenge = await server.mutate('login', {
      email: admin.email,
      password: admin.password,
    });
    const code = admin.phone.nextCode();
    return server.mutate('verifyOtp', { challengeId: challenge.id, code });
  }
});

describe.skipIf(browser === null)('accounts', { timeout: 300_000 }, () => {
  it('are made, get metadata and roles, and are deleted, all of it in the trail', async () => {
    const { page, wrong, close } = await openConsole(browser, server, { admin, path: '/users' });
    await page.click('text=Create user');
    await page.fill('dialog [name=email]', 'made@example.com');
    await page.fill('dialog [name=name]', 'Made Here');
    await page.click('dialog .main');
    await page.waitForSelector('h1:has-text("Made Here")');
    await page.waitForSelector('text=The account is made.');
    await page.click('text=Edit metadata…');
    await page.fill('[name=publicMetadata]', '{ "plan": "pro", "seats": 3 }');
    await page.click('dialog .main');
    await goneFrom(page, 'dialog');
    expect(await page.textContent('.card pre')).toContain('"plan": "pro"');
    await page.click('text=Edit metadata…');
    await page.fill('[name=publicMetadata]', '{ "seats": 4 }');
    await page.click('dialog .main');
    await goneFrom(page, 'dialog');
    expect(JSON.parse((await page.textContent('.card pre')) ?? '')).toEqual({ seats: 4 });
    await page.waitForSelector('.trail summary:has-text("Metadata changed")');
    await page.click('text=Delete…');
    await page.fill('dialog [name=address]', 'made@example.com');
    await page.click('dialog .danger');
    await page.waitForSelector('text=The account is deleted.');
    await page.goto('/console/trail?type=account.deleted');
    await page.waitForSelector('.trail summary:has-text("Deleted user")');
    expect(await page.textContent('.trail summary')).toContain(admin.name);
    expect(wrong).toEqual([]);
    await close();
  });
});
