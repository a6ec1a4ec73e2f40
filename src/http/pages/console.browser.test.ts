import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { enrolTotp, totpCode } from '../../testing/authenticator.ts';
import { launchBrowser } from '../../testing/browser.ts';
import { createTestClock } from '../../testing/clock.ts';
import { productionEnvironment, strongKey } from '../../testing/command-line.ts';
import { makeConsoleAdmin, openPage, startConsoleServer } from '../../testing/console-server.ts';
import { type Walker, walkConsole } from '../../testing/console-walk.ts';
import { freePort } from '../../testing/free-port.ts';
import { registerPerson } from '../../testing/people.ts';
import { type ServerProcess, startProcess } from '../../testing/processes.ts';
import { setRoles } from '../../testing/rows.ts';

const browser = await launchBrowser();
afterAll(() => browser?.close());

/** All that the browser keeps for the page, but for HttpOnly cookies. */
async function storageOf(page: Page): Promise<unknown> {
  return page.evaluate(`(async () => ({
    local: { ...localStorage },
    session: { ...sessionStorage },
    cookie: document.cookie,
    databases: (await indexedDB.databases()).length,
    caches: (await caches.keys()).length,
    workers: (await navigator.serviceWorker.getRegistrations()).length,
  }))()`);
}

const empty = { session: {}, cookie: '', databases: 0, caches: 0, workers: 0 };
const onlyNumber = { ...empty, local: { latchkey: expect.stringMatching(/^\d+$/) } };

/** A user with a second factor, who is signed in on two devices. */
async function makeTarget(server: TestServer): Promise<string> {
  const person = await registerPerson(server, { name: 'Grace Hopper' });
  await enrolTotp(server, person);
  return person.email;
}

const name = 'Ingrid Administrator';

describe.skipIf(browser === null)('the console, by keyboard alone', { timeout: 300_000 }, () => {
  describe('on a built production server', () => {
    let home: TestServer;
    let built: ServerProcess;
    let publicUrl: string;

    beforeAll(async () => {
      const port = await freePort();
      publicUrl = `http://localhost:${port}`;
      const config = { secretKeys: [strongKey] };
      // Earlier, so that no code of the app that is enrolled here is one of the built server's.
      const clock = createTestClock(new Date(Date.now() - 300_000));
      home = await startTestServer({ config, clock });
      const env = { ...productionEnvironment(home), PUBLIC_URL: publicUrl };
      built = await startProcess({ ...env, RATE_LIMIT_MULTIPLIER: '1000' }, { port });
    });
    afterAll(async () => {
      built.signal('SIGTERM');
      await built.ended;
      await home.stop();
    });

    it('PG-8 PG-10 PG-1 signs in, acts, and is seen acting', async () => {
      const person = await registerPerson(home, { name });
      await setRoles(home, person.id, ['admin']);
      const { phone } = await enrolTotp(home, person);
      const target = await makeTarget(home);
      // A device that has a name, and is signed out.
      const { page, wrong, close } = await openPage(browser, publicUrl);
      const code = () => totpCode(phone.secret, new Date());
      const stops = await walkConsole({ page, admin: { ...person, name, code }, target });
      expect(stops).toEqual([]);
      expect(wrong).toEqual([]);
      expect(await storageOf(page)).toEqual(onlyNumber);
      await close();
    });
  });

  describe('interrupted', () => {
    let server: TestServer;
    beforeAll(async () => {
      server = await startConsoleServer();
    });
    afterAll(() => server.stop());

    async function makeWalker(): Promise<Walker> {
      const admin = await makeConsoleAdmin(server, name);
      return { ...admin, code: () => admin.phone.nextCode() };
    }

    it('by a reload: what was typed is still there', async () => {
      const { page, wrong, close } = await openPage(browser, server.app.config.publicUrl);
      const interrupt = async (): Promise<void> => {
        await page.reload();
        await page.waitForSelector('dialog[open]');
        expect(await page.inputValue('dialog [name=reason]')).toBe('Lost at the airport');
      };
      const target = await makeTarget(server);
      const stops = await walkConsole({ page, admin: await makeWalker(), target, interrupt });
      expect([...stops, ...wrong]).toEqual([]);
      await close();
    });

    it('by a token and a proof that have expired: it is asked for in place', async () => {
      const { page, wrong, close } = await openPage(browser, server.app.config.publicUrl);
      const interrupt = async (): Promise<void> => {
        server.clock.advance(1000);
      };
      const target = await makeTarget(server);
      const stops = await walkConsole({ page, admin: await makeWalker(), target, interrupt });
      expect([...stops, ...wrong]).toEqual([]);
      await close();
    });
  });
});
