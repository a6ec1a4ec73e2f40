import { once } from 'node:events';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../testing/app.ts';
import { registerPerson } from '../testing/people.ts';
import { openSocket, sendRaw } from '../testing/raw-request.ts';
import { listenAddresses } from './listen.ts';

const hasIpv6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === '::1'),
);
/** An address of this machine that is not loopback; never dialled. */
const lan = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;

describe('X-20 development answers only to hosts of this machine and of PUBLIC_URL', () => {
  let server: TestServer;
  let port: string;

  beforeAll(async () => {
    server = await startTestServer({
      config: { host: null, publicUrl: 'http://Auth.Dev.Example:4000' },
    });
    ({ port } = new URL(server.url));
    await registerPerson(server);
  });
  afterAll(() => server?.stop());

  const ask = (head: string, path = '/dev/mailbox.json') =>
    sendRaw(server.url, `GET ${path} HTTP/1.1\r\n${head}Connection: close\r\n\r\n`);

  it.each([
    'localhost',
    'LOCALHOST',
    'localhost.',
    'localhost:4000',
    'localhost:1',
    'Localhost.:4000',
    'app.localhost:3000',
    '127.0.0.1',
    '127.0.0.1:4000',
    '127.8.9.10',
    '[::1]',
    '[::1]:4000',
    '[0:0:0:0:0:0:0:1]:4000',
    '[::ffff:127.0.0.1]',
    'auth.dev.example',
    'AUTH.dev.example.:8080',
    ...(lan === undefined ? [] : [lan, `${lan}:4000`]),
  ])('takes %s', async (host) => {
    const answer = await ask(`Host: ${host}\r\n`);
    expect(answer.status).toBe(200);
    expect(answer.text).toContain('"subject"');
  });

  it.each([
    ['rebound.example', 421],
    ['rebound.example:4000', 421],
    ['REBOUND.EXAMPLE.', 421],
    ['localhost.rebound.example', 421],
    ['127.0.0.1.rebound.example', 421],
    ['notlocalhost', 421],
    ['evil-auth.dev.example', 421],
    ['sub.auth.dev.example', 421],
    ['dev.example', 421],
    ['192.0.2.1', 421],
    ['128.0.0.1', 421],
    ['[::2]', 421],
    ['[2001:db8::1]:4000', 421],
    ['[::ffff:192.0.2.1]', 421],
    ['0.0.0.0', 421],
    ['[::]', 421],
    ['', 400],
    ['.', 400],
    [':4000', 400],
    ['localhost..', 400],
    ['localhost:', 400],
    ['localhost:port', 400],
    ['localhost:99999', 400],
    ['localhost:4000:4000', 400],
    ['::1', 400],
    ['[::1', 400],
    ['[::1]rebound.example', 400],
    ['[localhost]', 400],
    ['user@localhost', 400],
    ['localhost, rebound.example', 400],
    ['rebound.example/localhost', 400],
    ['rebound.example#localhost', 400],
    ['rebound.example localhost', 400],
    ['ⓛocalhost', 400],
  ])('refuses %s with %i', async (host, status) => {
    for (const path of [
      '/dev/mailbox.json',
      '/dev/mailbox',
      '/graphql',
      '/.well-known/jwks.json',
    ]) {
      const answer = await ask(`Host: ${host}\r\n`, path);
      expect([path, answer.status]).toEqual([path, status]);
      expect(answer.text).not.toContain('subject');
    }
  });

  it('refuses a request that names two hosts, in whatever order and spelling', async () => {
    for (const head of [
      'Host: localhost\r\nHost: rebound.example\r\n',
      'Host: rebound.example\r\nhOST: localhost\r\n',
      'Host: localhost\r\nHost: localhost\r\n',
      'Host:\r\nHost: localhost\r\n',
    ])
      expect((await ask(head)).status).toBe(400);
    expect((await sendRaw(server.url, 'GET /dev/mailbox HTTP/1.0\r\n\r\n')).status).toBe(400);
  });

  it.each([
    ['http://localhost/dev/mailbox.json', 'localhost', 200],
    ['http://rebound.example/dev/mailbox.json', 'localhost', 421],
    ['http://localhost/dev/mailbox.json', 'rebound.example', 421],
    ['https://rebound.example:4000/dev/mailbox.json', 'localhost', 421],
    ['HTTP://rebound.example/dev/mailbox.json', 'localhost', 421],
    ['http://localhost@rebound.example/dev/mailbox.json', 'localhost', 400],
    ['http:///dev/mailbox.json', 'localhost', 400],
  ])('judges the target %s with Host: %s', async (target, host, status) => {
    expect((await ask(`Host: ${host}\r\n`, target)).status).toBe(status);
  });

  it('says in the log, once, what to do', () => {
    const refusals = server.logLines
      .map((line) => JSON.parse(line))
      .filter(({ event }) => event === 'host.refused');
    expect(refusals).toHaveLength(1);
    expect(refusals[0]).toMatchObject({ level: 'warn', host: 'rebound.example' });
    expect(refusals[0].msg).toContain('PUBLIC_URL');
  });

  it('listens on 127.0.0.1 and ::1, and on no other address', async () => {
    const over = (host: string) => sendRaw(`http://${host}:${port}`, request);
    const request = 'GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';
    expect((await over('127.0.0.1')).status).toBe(200);
    // Every loopback address reaches a server that listens on all addresses.
    await expect(openSocket(`http://127.0.0.2:${port}`)).rejects.toThrow('ECONNREFUSED');
    if (hasIpv6) expect((await sendRaw(`http://[::1]:${port}`, request)).status).toBe(200);
  });

  it('production answers to every host: a proxy in front chooses them', async () => {
    const production = await server.another({ mode: 'production', host: '127.0.0.1' });
    try {
      const head = 'Host: whatever.example\r\nConnection: close\r\n\r\n';
      const answer = await sendRaw(production.url, `GET /livez HTTP/1.1\r\n${head}`);
      expect(answer.status).toBe(200);
      const mails = await sendRaw(production.url, `GET /dev/mailbox HTTP/1.1\r\n${head}`);
      expect(mails.status).toBe(404);
    } finally {
      await production.stop();
    }
  });
});

describe('X-29 where the server listens', () => {
  it.each([
    ['development', null, true, ['127.0.0.1', '::1']],
    ['development', null, false, ['127.0.0.1']],
    ['development', '0.0.0.0', true, ['0.0.0.0']],
    ['production', null, true, ['::']],
    ['production', null, false, ['0.0.0.0']],
    ['production', '192.0.2.1', true, ['192.0.2.1']],
  ] as const)('%s, HOST %s, IPv6 %s: %j', (mode, host, ipv6, addresses) => {
    expect(listenAddresses({ mode, host }, ipv6)).toEqual(addresses);
  });

  it.skipIf(!hasIpv6)('production answers over IPv4 and IPv6', async () => {
    const server = await startTestServer({ config: { host: null, mode: 'production' } });
    try {
      const { port } = new URL(server.url);
      const request = 'GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
      expect((await sendRaw(`http://127.0.0.1:${port}`, request)).status).toBe(200);
      expect((await sendRaw(`http://[::1]:${port}`, request)).status).toBe(200);
    } finally {
      await server.stop();
    }
  });

  it.skipIf(!hasIpv6)('a port that another program has on ::1 alone is refused', async () => {
    const other = createServer().listen(0, '::1');
    await once(other, 'listening');
    const address = other.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    const starting = startTestServer({ config: { host: null, port } });
    await expect(starting).rejects.toMatchObject({ cause: { code: 'EADDRINUSE', port } });
    other.close();
  });
});
