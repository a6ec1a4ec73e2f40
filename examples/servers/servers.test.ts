import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createSeal } from '../../packages/client/src/server-seal.ts';
import { tsc } from '../../scripts/tsc.mjs';
import { startTestServer, type TestServer } from '../../src/testing/app.ts';
import { enrolTotp } from '../../src/testing/authenticator.ts';
import { freePort } from '../../src/testing/free-port.ts';
import { openBrowser, type PageBrowser } from '../../src/testing/page-browser.ts';
import { freshAddress, goodPassword, registerPerson } from '../../src/testing/people.ts';

const secret = 'the secret of the example apps, for tests alone';
const folder = fileURLToPath(new URL('.', import.meta.url));
const modules = `${folder}node_modules`;

type Running = { readonly url: string; stop(): Promise<unknown> };

let latchkey: TestServer;
beforeAll(async () => {
  latchkey = await startTestServer({ config: { trustedProxies: ['127.0.0.1'] } });
});
afterAll(() => latchkey.stop());

const environment = (port: number) => ({
  LATCHKEY_URL: `${latchkey.url}/graphql`,
  APP_SECRET: secret,
  PORT: String(port),
  NODE_ENV: 'production',
  NEXT_TELEMETRY_DISABLED: '1',
});

async function startFastify(): Promise<Running> {
  const port = await freePort();
  for (const [name, value] of Object.entries(environment(port))) vi.stubEnv(name, value);
  vi.resetModules();
  const { app } = await import('./fastify/app.ts');
  await app.listen({ port });
  vi.unstubAllEnvs();
  return { url: `http://localhost:${port}`, stop: () => app.close() };
}

/** Builds an app where it stands and starts it as production does. */
function building(
  name: string,
  build: readonly string[],
  start: (port: number) => readonly string[],
): () => Promise<Running> {
  return async () => {
    const cwd = `${folder}${name}`;
    putClient();
    const port = await freePort();
    const env = { ...process.env, ...environment(port) };
    const [program = '', ...args] = build;
    // A build takes minutes on a small machine: not again where nothing has changed since.
    if (newestIn('packages/client/src', cwd) > newestIn(`${cwd}/.next/BUILD_ID`)) {
      const command = [`${modules}/${program}`, ...args];
      const built = spawnSync(process.execPath, command, { cwd, env, encoding: 'utf8' });
      if (built.status !== 0) throw new Error(`${program}:\n${built.stdout}${built.stderr}`);
    }
    const [server = '', ...rest] = start(port);
    const command = [`${modules}/${server}`, ...rest];
    const child = spawn(process.execPath, command, { cwd, env, stdio: 'ignore' });
    const url = `http://localhost:${port}`;
    await untilAnswers(child, `${url}/sign-in`);
    const stop = async (): Promise<void> => {
      child.kill('SIGKILL');
      await once(child, 'exit');
    };
    return { url, stop };
  };
}

/** When the newest source of these was written; 0 where there is none. */
function newestIn(...paths: readonly string[]): number {
  const times = paths.map((path) => {
    const found = statSync(path, { throwIfNoEntry: false });
    if (!found?.isDirectory()) return found?.mtimeMs ?? 0;
    const sources = readdirSync(path).filter(
      (name) => !/^\.next$|^next-env|\.test\.ts$/.test(name),
    );
    return newestIn(...sources.map((name) => join(path, name)));
  });
  return Math.max(0, ...times);
}

/** The client as npm would install it. */
function putClient(): void {
  const to = `${modules}/@latchkey/client`;
  const compile = [tsc, '-p', 'packages/client', '--outDir', `${to}/dist`];
  const { status, stdout } = spawnSync(process.execPath, compile, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stdout);
  cpSync('packages/client/package.json', `${to}/package.json`);
}

async function untilAnswers(child: ChildProcess, url: string): Promise<void> {
  while (child.exitCode === null) {
    const answer = await fetch(url).catch(() => null);
    if (answer?.ok) return;
    await sleep(100);
  }
  throw new Error(`The app ended with ${child.exitCode}.`);
}

const apps: [string, boolean, () => Promise<Running>][] = [
  ['Fastify', true, startFastify],
  [
    'Next.js',
    existsSync(`${modules}/next`),
    building('next', ['next/dist/bin/next', 'build'], (port) => [
      'next/dist/bin/next',
      'start',
      '-p',
      String(port),
    ]),
  ],
];

describe('a handler of web requests', () => {
  it('knows the user by the cookie, and refreshes it', async () => {
    for (const [name, value] of Object.entries(environment(0))) vi.stubEnv(name, value);
    vi.resetModules();
    const { default: handler } = await import('./handler.ts');
    vi.unstubAllEnvs();
    const ask = (headers: Record<string, string>) =>
      handler.fetch(new Request('https://app.example.com/', { headers }));
    expect(await (await ask({})).text()).toBe('Hello, stranger');
    const { email, accessToken, refreshToken, id } = await registerPerson(latchkey);
    const times = { expiresAt: 0, refreshAt: 0, provedAt: 0, endsAt: 0 };
    const user = { id, email, emailVerified: true, name: null, roles: [] };
    const more = {
      createdAt: '',
      status: 'ACTIVE',
      lastLoginAt: null,
      totpEnabled: false,
    } as const;
    const session = { accessToken, refreshToken, user: { ...user, ...more }, ...times };
    const cookie = `__Host-latchkey=${await createSeal(secret).close(session)}`;
    const answer = await ask({ cookie });
    expect(await answer.text()).toBe(`Hello, ${email}`);
    expect(answer.headers.get('set-cookie')).toMatch(/^__Host-latchkey=.*; Secure/);
  });
});

for (const [name, there, start] of apps) {
  describe.skipIf(!there)(`an app with ${name}, without scripts in the browser`, () => {
    let app: Running;
    beforeAll(async () => {
      app = await start();
    }, 900_000);
    afterAll(() => app?.stop());

    /** A browser without scripts, behind the proxy that tells its address. */
    const open = (): PageBrowser =>
      openBrowser({
        url: app.url,
        clock: latchkey.clock,
        app: { config: { publicUrl: app.url } } as TestServer['app'],
      });

    async function signedIn(): Promise<{ browser: PageBrowser; email: string; id: string }> {
      const { email, password, id } = await registerPerson(latchkey);
      const browser = open();
      await browser.get('/sign-in');
      const { text } = await browser.send('Sign in', { email, password });
      expect(text).toContain(`Hello, ${email}`);
      return { browser, email, id };
    }

    it('refuses what is wrong, and forms of other sites', async () => {
      const { email, password } = await registerPerson(latchkey);
      const browser = open();
      expect((await browser.get('/account')).url).toBe('/sign-in');
      const refused = await browser.send('Sign in', { email, password: 'not the password' });
      expect(refused.text).toContain('password');
      expect(browser.cookies).toEqual([]);
      await browser.get('/sign-in');
      const from = 'https://evil.example';
      const foreign = await browser.send('Sign in', { email, password }, { from });
      expect(foreign.status).toBeGreaterThanOrEqual(400);
      expect(browser.cookies).toEqual([]);
    });

    it('registers by a mailed code, and signs out', async () => {
      const email = freshAddress();
      const browser = open();
      await browser.get('/sign-in');
      const asked = await browser.send('Create account', { email, password: goodPassword });
      expect(asked.text).toContain('example.com');
      const wrong = await browser.send('Continue', { code: '000000' });
      expect(wrong.text).not.toContain('Hello');
      await browser.send('Continue', { code: await latchkey.nextCode(email) });
      expect(browser.page.text).toContain(`Hello, ${email}`);
      expect(browser.cookies).toMatchObject([{ name: 'latchkey', httpOnly: true, path: '/' }]);
      const before = browser.copy();
      await browser.get('/account');
      await browser.send('Sign out');
      expect(browser.cookies).toEqual([]);
      expect((await browser.get('/account')).url).toBe('/sign-in');
      // On the server, too: the old cookie is good for nothing.
      expect((await before.get('/account')).url).toBe('/sign-in');
    });

    it('asks for the second factor', async () => {
      const person = await registerPerson(latchkey);
      const { phone } = await enrolTotp(latchkey, person);
      const browser = open();
      await browser.get('/sign-in');
      await browser.send('Sign in', { email: person.email, password: person.password });
      expect(browser.page.text).toContain('of your app');
      await browser.send('Continue', { code: phone.nextCode() });
      expect(browser.page.text).toContain(`Hello, ${person.email}`);
    });

    /** The browser's cookie as it is once its token has expired. */
    async function expired(browser: PageBrowser): Promise<string> {
      const [cookie] = browser.cookies;
      const seal = createSeal(secret);
      const session = await seal.open(cookie?.value ?? '');
      if (!session) throw new Error('The cookie does not open.');
      latchkey.clock.advance(16 * 60);
      return `latchkey=${await seal.close({ ...session, refreshAt: 0, expiresAt: 0 })}`;
    }

    it('goes on with an expired token, forty pages at once', async () => {
      const { browser, email } = await signedIn();
      const headers = { cookie: await expired(browser) };
      const tabs = Array.from({ length: 40 }, () => browser.tab());
      const pages = await Promise.all(tabs.map((tab) => tab.get('/account', { headers })));
      for (const { text } of pages) expect(text).toContain(`Hello, ${email}`);
      latchkey.clock.advance(60);
      expect((await browser.get('/account')).text).toContain(`Hello, ${email}`);
    });

    it('signs out with an expired token', async () => {
      const { browser } = await signedIn();
      const headers = { cookie: await expired(browser) };
      await browser.send('Sign out', {}, { headers });
      expect(browser.cookies).toEqual([]);
      expect((await browser.get('/account')).url).toBe('/sign-in');
    });
  });
}

describe('the app with Next.js', () => {
  it("is at most 80 lines of the developer's own beside its layout", () => {
    const files = ['lib/auth.ts', 'lib/actions.ts', 'proxy.ts', 'app/sign-in/page.tsx'];
    const texts = [...files, 'app/account/page.tsx'].map((name) =>
      readFileSync(`${folder}next/${name}`, 'utf8'),
    );
    const lines = texts.flatMap((text) => text.split('\n')).filter((line) => /^ *[^ /]/.test(line));
    expect(lines.length).toBeLessThanOrEqual(80);
  });
});
