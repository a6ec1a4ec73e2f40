import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { brotliCompressSync } from 'node:zlib';
import type { InjectOptions } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Config } from '../../config/read-config.ts';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { registerPerson } from '../../testing/people.ts';

let directory: string;
let server: TestServer;
const own = 'localhost:4000';
const script = 'console.log(1);'.repeat(100);

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'console-route-'));
  await mkdir(join(directory, 'assets'), { recursive: true });
  await writeFile(join(directory, 'index.html'), '<head><title>Console</title></head>');
  await writeFile(join(directory, 'assets/index-abc.js'), script);
  await writeFile(join(directory, 'assets/index-abc.js.br'), brotliCompressSync(script));
  await writeFile(join(directory, 'assets/secret.txt'), 'canary');
  await writeFile(join(directory, 'secret.txt'), 'canary');
  const consolePage = { directory, ready: Promise.resolve() };
  server = await startTestServer({ consolePage, config: { productName: 'A & B' } });
});
afterAll(async () => {
  await server.stop();
  await rm(directory, { recursive: true });
});

const ask = (url: string, headers: InjectOptions['headers'] = {}, at = server) =>
  at.server.fastify.inject({ url, headers: { host: own, ...headers } });

/** What the page is told. */
const settingsIn = (body: string) =>
  JSON.parse(
    (/name="console" content="([^"]*)"/.exec(body)?.[1] ?? '')
      .replaceAll('&quot;', '"')
      .replaceAll('&amp;', '&'),
  );

describe('GET /console', () => {
  it('PG-1 PG-2 has the policy of all pages, is kept nowhere and opened by no one', async () => {
    for (const url of ['/console', '/console/', '/console/users/1?search=a']) {
      const { statusCode, headers } = await ask(url);
      expect(statusCode).toBe(200);
      expect(headers['content-security-policy']).toBe(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
          "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; " +
          "require-trusted-types-for 'script'; connect-src 'self'",
      );
      expect(headers).toMatchObject({
        'content-type': 'text/html; charset=utf-8',
        'cross-origin-opener-policy': 'same-origin',
        'referrer-policy': 'same-origin',
        'x-content-type-options': 'nosniff',
        'cache-control': 'no-store',
      });
    }
  });

  it('has the name, icon and colours of all pages, and says where they are', async () => {
    const { body } = await ask('/console');
    expect(body).toContain('<title>A &amp; B</title>');
    expect(settingsIn(body)).toEqual({
      productName: 'A & B',
      logo: null,
      accountPages: 'http://localhost:4000/account',
      passkeys: false,
      mayBeSignedIn: false,
    });
    const links = [...body.matchAll(/(?:href|src)="([^"]*)"/g)].map(([, path = '']) => path);
    expect(links.length).toBe(2);
    for (const path of links) {
      const file = await ask(path);
      expect([path, file.statusCode]).toEqual([path, 200]);
      expect(file.headers['cache-control']).toBe('public, max-age=31536000, immutable');
    }
  });

  it('knows of a session that the account pages have begun, by its cookie alone', async () => {
    const { body } = await ask('/console', { cookie: 'other=1; latchkey=x' });
    expect(settingsIn(body).mayBeSignedIn).toBe(true);
    expect(body).not.toContain('latchkey=x');
  });

  it('leads to PUBLIC_URL in development, where the session’s cookie is', async () => {
    const { statusCode, headers } = await ask('/console/users?status=ACTIVE', {
      host: '127.0.0.1:4000',
    });
    expect(statusCode).toBe(303);
    expect(headers.location).toBe('http://localhost:4000/console/users?status=ACTIVE');
  });

  it('PG-8 holds nothing of users: all get the same page', async () => {
    const { accessToken, refreshToken } = await registerPerson(server);
    const stranger = await ask('/console');
    const known = await ask('/console', {
      authorization: `Bearer ${accessToken}`,
      cookie: `latchkey=${refreshToken}`,
    });
    expect(
      known.body.replace('&quot;mayBeSignedIn&quot;:true', '&quot;mayBeSignedIn&quot;:false'),
    ).toBe(stranger.body);
    expect(known.headers['set-cookie']).toBeUndefined();
  });

  it('says why where it could not be built', async () => {
    const ready = sleep(1).then(() => Promise.reject(new Error('no vite here')));
    // As preparePage does: it may fail before it is asked for.
    ready.catch(() => {});
    const failed = await startTestServer({ consolePage: { directory, ready } });
    const { statusCode, body, headers } = await ask('/console', {}, failed);
    expect(statusCode).toBe(500);
    expect(body).toContain('no vite here');
    expect(headers['content-type']).toBe('text/plain; charset=utf-8');
    expect((await ask('/console/assets/index-abc.js', {}, failed)).statusCode).toBe(404);
    await failed.stop();
  });

  it('is not there with CONSOLE=off', async () => {
    const off = await server.another({ console: false });
    for (const url of ['/console', '/console/users', '/console/assets/index-abc.js'])
      expect((await ask(url, {}, off)).statusCode).toBe(404);
    await off.stop();
  });
});

describe('GET /console/assets', () => {
  it('is kept for ever, and compressed for a browser that takes Brotli', async () => {
    const plain = await ask('/console/assets/index-abc.js', { 'accept-encoding': 'gzip' });
    expect(plain.body).toBe(script);
    expect(plain.headers).toMatchObject({
      'content-type': 'text/javascript; charset=utf-8',
      'cache-control': 'public, max-age=31536000, immutable',
      vary: 'accept-encoding',
      'x-content-type-options': 'nosniff',
    });
    const small = await ask('/console/assets/index-abc.js', { 'accept-encoding': 'gzip, br' });
    expect(small.headers['content-encoding']).toBe('br');
    expect(small.rawPayload.equals(brotliCompressSync(script))).toBe(true);
  });

  it.each([
    '/console/assets/secret.txt',
    '/console/assets/index-abc.js.br',
    '/console/assets/../secret.txt',
    '/console/assets/..%2fsecret.txt',
    '/console/assets/%2e%2e/secret.txt',
    '/console/assets/..\\secret.txt',
    '/console/assets/index-abc.js%00',
    '/console/assets/__proto__',
    '/console/assets/nothing.js',
  ])('gives out nothing at %s', async (url) => {
    const { statusCode, body, headers } = await ask(url);
    expect(body).not.toContain('canary');
    // A path that leaves the folder is a screen's: the page.
    if (statusCode === 200) expect(headers['content-type']).toBe('text/html; charset=utf-8');
    else expect(statusCode).toBe(404);
  });
});

describe('PG-9 CONSOLE_URL', () => {
  const consoleHost = 'admin.example.com';
  const config: Partial<Config> = {
    mode: 'production',
    publicUrl: 'https://auth.example.com',
    consoleUrl: `https://${consoleHost}`,
    corsOrigins: ['https://app.example.com'],
    trustedProxies: ['127.0.0.1'],
  };
  const https = { 'x-forwarded-proto': 'https', 'x-forwarded-for': '203.0.113.7' };
  let apart: TestServer;
  beforeAll(async () => {
    apart = await server.another(config);
  });
  afterAll(() => apart.stop());
  const at = (host: string, url: string, more: InjectOptions = {}) =>
    apart.server.fastify.inject({ url, ...more, headers: { host, ...https, ...more.headers } });

  it.each([
    // path, the console's host, PUBLIC_URL's, an address of the machine
    ['/console', 200, 404, 404],
    ['/console/users', 200, 404, 404],
    ['/%63onsole', 200, 404, 404],
    ['/console/assets/index-abc.js', 200, 404, 404],
    ['/account/sign-in', 404, 200, 200],
    ['/%61ccount/sign-in', 404, 200, 200],
    ['/account', 404, 303, 303],
    ['/verify', 404, 401, 401],
    ['/.well-known/jwks.json', 404, 200, 200],
    ['/livez', 404, 200, 200],
    ['/nowhere', 404, 404, 404],
  ])('%s', async (url, onConsole, onPublic, onOther) => {
    const statuses = await Promise.all(
      [consoleHost, 'auth.example.com', '10.0.0.7:4000'].map(
        async (host) => (await at(host, url)).statusCode,
      ),
    );
    expect(statuses).toEqual([onConsole, onPublic, onOther]);
  });

  it('leads from / to the console, whatever the spelling of its host', async () => {
    for (const host of [
      consoleHost,
      'ADMIN.example.com',
      `${consoleHost}:443`,
      `${consoleHost}.`,
    ]) {
      const { statusCode, headers } = await at(host, '/');
      expect([host, statusCode, headers.location]).toEqual([host, 303, '/console']);
    }
    expect((await at('auth.example.com', '/')).headers.location).toBe('/account');
  });

  it('says where the account pages are: on the other host', async () => {
    const { body } = await at(consoleHost, '/console');
    expect(settingsIn(body).accountPages).toBe('https://auth.example.com/account');
  });

  const operation = (query: string): InjectOptions => ({
    method: 'POST',
    payload: { query },
  });
  const refresh = 'mutation { refreshSession(input: { tokenDelivery: COOKIE }) { __typename } }';

  it.each([
    // host, origin, whether its cookie is taken
    [consoleHost, `https://${consoleHost}`, true],
    [consoleHost, 'https://auth.example.com', false],
    [consoleHost, 'https://app.example.com', false],
    ['auth.example.com', 'https://auth.example.com', true],
    ['auth.example.com', 'https://app.example.com', true],
    ['auth.example.com', `https://${consoleHost}`, false],
  ])('each host’s cookie is for its own pages: %s from %s', async (host, origin, isTaken) => {
    const { body } = await at(host, '/graphql', {
      ...operation(refresh),
      headers: { origin, cookie: '__Host-latchkey=x' },
    });
    expect(body.includes('FORBIDDEN')).toBe(!isTaken);
  });

  it('shares no answer of the console’s host with another origin', async () => {
    for (const [host, isShared] of [
      [consoleHost, false],
      ['auth.example.com', true],
    ] as const) {
      const headers = { origin: 'https://app.example.com' };
      const asked = await at(host, '/graphql', { ...operation('{ __typename }'), headers });
      expect(asked.headers['access-control-allow-origin'] !== undefined).toBe(isShared);
      const preflight = await at(host, '/graphql', { method: 'OPTIONS', headers });
      expect(preflight.headers['access-control-allow-origin'] !== undefined).toBe(isShared);
    }
  });
});
