import type { Page } from 'playwright-core';
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
import { barriers, findings, inEachWay, sideways, takePicture } from '../../testing/page-look.ts';
import { type Person, registerPerson } from '../../testing/people.ts';
import { setRoles } from '../../testing/rows.ts';

const browser = await launchBrowser();
let server: TestServer;
let admin: ConsoleAdmin;
let grace: Person;
const wrong: string[] = [];

beforeAll(async () => {
  server = await startConsoleServer();
  admin = await makeConsoleAdmin(server);
  for (const name of [
    'Ada Lovelace',
    '<img src=x onerror=alert(1)>',
    'مريم الخوارزمي',
    'न्'.repeat(50),
  ])
    await registerPerson(server, { name });
  grace = await registerPerson(server, { name: 'Grace Hopper' });
  await setRoles(server, grace.id, ['editor', 'support']);
  const { email } = grace;
  await server.mutate('login', { email, password: 'wrong wrong wrong' });
});
afterAll(async () => {
  await browser?.close();
  await server.stop();
});

/** Looks at a screen in all ways, and keeps what is wrong with it. */
async function look(page: Page, name: string): Promise<void> {
  await inEachWay(page, async (way) => {
    const seen = `console-${name}-${way}`;
    const wide = await sideways(page);
    if (wide > 0) wrong.push(`${seen}: is ${wide} px too wide`);
    for (const finding of await findings(page)) wrong.push(`${seen}: ${finding}`);
    await takePicture(page, seen);
  });
  for (const barrier of await barriers(page)) wrong.push(`${name}: ${barrier}`);
  await page.emulateMedia({ colorScheme: 'light' });
}

/** A dialog of a user, by its name in the address. */
async function openDialog(page: Page, name: string): Promise<void> {
  await page.goto(`/console/users/${grace.id}?do=${name}`);
  await page.waitForSelector('dialog[open]');
}

describe.skipIf(browser === null)(
  'PG-1 PG-10 every screen: axe, policy, 320 and 1280 px, light and dark, spacing, text size',
  { timeout: 900_000 },
  () => {
    it('of those who may not enter', async () => {
      wrong.length = 0;
      const { page, wrong: faults, close } = await openPage(browser, server.app.config.publicUrl);
      await page.goto('/console');
      await page.waitForSelector('[name=email]');
      await look(page, 'sign-in');
      await signInToConsole(page, { ...grace, password: 'wrong wrong wrong' });
      await page.waitForSelector('[role=alert]');
      await look(page, 'sign-in-refused');
      await signInToConsole(page, grace);
      await page.waitForSelector('text=does not administer');
      await look(page, 'no-role');
      await page.click('button.main');
      await page.waitForSelector('[name=email]');
      const weak = await registerPerson(server, { name: 'Wanda' });
      await setRoles(server, weak.id, ['admin']);
      await signInToConsole(page, weak);
      await page.waitForSelector('text=A second factor is needed');
      await look(page, 'no-factor');
      await page.click('button.main');
      await page.waitForSelector('[name=email]');
      const { email, password } = admin;
      await signInToConsole(page, { email, password });
      await page.fill('[name=code]', admin.phone.wrongCode());
      await page.click('button.main');
      await page.waitForSelector('[role=alert]');
      await look(page, 'second-step-refused');
      expect([...wrong, ...faults]).toEqual([]);
      await close();
    });

    it('of an administrator', async () => {
      wrong.length = 0;
      const { page, wrong: faults, close } = await openConsole(browser, server, { admin });
      await page.waitForSelector('.figure');
      await look(page, 'overview');
      for (const [name, path, sign] of [
        ['users', 'users', 'tbody a'],
        ['users-none', 'users?search=nobody', 'text=No address or name'],
        ['user', `users/${grace.id}`, '.trail summary'],
        ['user-gone', 'users/01890000-0000-7000-8000-000000000000', 'text=no account with this id'],
        ['administrators', 'administrators', 'tbody a'],
        ['keys', 'keys', 'tbody code'],
        ['no-page', 'nowhere', 'text=nothing at this address'],
        ['trail-filtered', `trail?user=${grace.id}&type=login.failed`, '.chosen .name'],
      ] as const) {
        await page.goto(`/console/${path}`);
        await page.waitForSelector(sign);
        await look(page, name);
        // Between the two, where the navigation moves and columns come and go.
        for (const width of [480, 768, 992, 1248]) {
          await page.setViewportSize({ width, height: 800 });
          const wide = await sideways(page);
          if (wide > 0) wrong.push(`${name}: is ${wide} px too wide at ${width}`);
        }
      }
      await page.goto('/console/trail');
      await page.click('.trail summary');
      await look(page, 'trail-open');
      await page.route('**/graphql', (route) => route.abort());
      await page.reload();
      await page.waitForSelector('text=The server does not answer');
      await look(page, 'unreachable');
      expect([...wrong, ...faults]).toEqual([]);
      await close();
    });

    it('of a change', async () => {
      wrong.length = 0;
      const { page, wrong: faults, close } = await openConsole(browser, server, { admin });
      await openDialog(page, 'suspend');
      await page.selectOption('[name=span]', 'at');
      await page.click('dialog .danger');
      await page.waitForSelector('.problem');
      await look(page, 'suspend-refused');
      await openDialog(page, 'reset-factors');
      await page.click('dialog .danger');
      await page.waitForSelector('.problem');
      await look(page, 'reset-factors-refused');
      await openDialog(page, 'roles');
      await page.fill('[name=roles]', 'admin, Not A Role');
      await page.click('dialog .main');
      await page.waitForSelector('.problem');
      await look(page, 'roles-refused');
      await openDialog(page, 'metadata');
      await page.fill('[name=publicMetadata]', '{ "plan": }');
      await page.click('dialog .main');
      await page.waitForSelector('.problem');
      await look(page, 'metadata-refused');
      await openDialog(page, 'delete');
      await page.click('dialog .danger');
      await page.waitForSelector('.problem');
      await look(page, 'delete-refused');
      await page.goto('/console/users?do=create');
      await page.fill('[name=email]', 'nobody');
      await page.click('dialog .main');
      await page.waitForSelector('.problem');
      await look(page, 'create-refused');
      server.clock.advance(700);
      await openDialog(page, 'sign-out');
      await page.click('dialog .main');
      await page.fill('dialog [name=password]', 'wrong wrong wrong');
      await page.click('dialog .main');
      await page.waitForSelector('dialog [role=alert]');
      await look(page, 'proof-refused');
      await page.fill('dialog [name=password]', admin.password);
      await page.click('dialog .main');
      await page.waitForSelector('dialog [name=code]');
      await look(page, 'proof-code');
      await page.fill('dialog [name=code]', admin.phone.nextCode());
      await page.click('dialog .main');
      await page.waitForSelector('dialog', { state: 'detached' });
      await look(page, 'user-changed');
      expect([...wrong, ...faults]).toEqual([]);
      await close();
    });
  },
);
