import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { selfSigned } from '../testing/self-signed.ts';
import { createEgress, EgressError, type EgressRequest } from './egress.ts';

const open: Server[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) {
    if ('closeAllConnections' in server) (server.closeAllConnections as () => void)();
    await new Promise((resolve) => server.close(resolve));
  }
});

async function listen(server: Server): Promise<number> {
  open.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

const reasonOf = async (call: Promise<unknown>): Promise<string> => {
  const error: unknown = await call.then(
    () => 'answered',
    (failure: unknown) => failure,
  );
  return error instanceof EgressError ? error.reason : String(error);
};

/** A resolver double: only loopback addresses that are allowed are ever dialled. */
const resolver = (...answers: (readonly string[])[]) => {
  const asked: string[] = [];
  const resolve = async (hostname: string): Promise<readonly string[]> => {
    asked.push(hostname);
    return answers[Math.min(asked.length, answers.length) - 1] ?? [];
  };
  return { asked, resolve };
};

describe('the egress client refuses', () => {
  it.each([
    'http://example.com/',
    'ftp://example.com/',
    'file:///etc/passwd',
    'data:text/plain,x',
    'https://user@example.com/',
    'https://user:secret@example.com/',
    'https://',
    'example.com',
    '',
  ])('ID-15 the URL %j, before anything is looked up', async (url) => {
    const { asked, resolve } = resolver(['93.184.215.14']);
    expect(await reasonOf(createEgress({ resolve }).request({ url }))).toBe('url_refused');
    expect(asked).toEqual([]);
  });

  it.each([
    'https://127.0.0.1/',
    'https://127.1/',
    'https://2130706433/',
    'https://0x7f.1/',
    'https://017700000001/',
    'https://0/',
    'https://[::1]/',
    'https://[::ffff:7f00:1]/',
    'https://[::ffff:169.254.169.254]/',
    'https://[64:ff9b::a9fe:a9fe]/',
    'https://169.254.169.254/latest/meta-data/',
    'https://10.0.0.1:8443/',
  ])('ID-15 the literal address of %s, for which no resolver is asked', async (url) => {
    const { asked, resolve } = resolver(['93.184.215.14']);
    expect(await reasonOf(createEgress({ resolve }).request({ url }))).toBe('address_refused');
    expect(asked).toEqual([]);
  });

  it.each([
    [['127.0.0.1']],
    [['169.254.0.1']],
    [['fd00:ec2::254']],
    [['93.184.215.14', '10.0.0.1']],
    [['::ffff:10.0.0.1', '93.184.215.14']],
    [['not an address']],
    [['fe80::1%eth0']],
  ])('ID-15 a name that resolves to %j, one private address among others too', async (found) => {
    const { asked, resolve } = resolver(found);
    const call = createEgress({ resolve }).request({ url: 'https://hooks.example.com/x' });
    expect(await reasonOf(call)).toBe('address_refused');
    expect(asked).toEqual(['hooks.example.com']);
  });

  it('ID-15 loopback unless it is allowed, and other private addresses even then', async () => {
    const port = await listen(createHttpServer((_request, response) => response.end('here')));
    const { resolve } = resolver(['127.0.0.1']);
    const url = `http://service.test:${port}/`;
    expect(await reasonOf(createEgress({ resolve }).request({ url }))).toBe('url_refused');
    const allowed = createEgress({ resolve, allowLoopback: true });
    expect((await allowed.request({ url })).body.toString()).toBe('here');
    expect(await reasonOf(allowed.request({ url: 'http://10.0.0.1/' }))).toBe('address_refused');
    // Plain http is for this machine alone.
    expect(await reasonOf(allowed.request({ url: 'http://93.184.215.14/' }))).toBe(
      'address_refused',
    );
  });
});

describe('the egress client', () => {
  const egress = createEgress({ allowLoopback: true });
  const serve = async (answer: RequestListener) =>
    `http://127.0.0.1:${await listen(createHttpServer(answer))}`;
  const ask = (url: string, more: Partial<EgressRequest> = {}) => egress.request({ url, ...more });

  it('sends the request, and returns status, headers and body', async () => {
    const url = await serve((request, response) => {
      const sent: Buffer[] = [];
      request.on('data', (chunk) => sent.push(chunk));
      request.on('end', () =>
        response
          .writeHead(418, { 'x-answer': `${request.method} ${request.url}` })
          .end(`${request.headers['x-sent']} ${Buffer.concat(sent)}`),
      );
    });
    const answer = await ask(`${url}/a?b=c`, {
      method: 'POST',
      headers: { 'X-Sent': 'header' },
      body: 'body',
    });
    expect(answer).toMatchObject({ status: 418, headers: { 'x-answer': 'POST /a?b=c' } });
    expect(answer.body.toString()).toBe('header body');
  });

  it('ID-15 connects to the checked address, whatever the name resolves to later', async () => {
    const port = await listen(createHttpServer((_request, response) => response.end('first')));
    const { asked, resolve } = resolver(['127.0.0.1'], ['127.0.0.2']);
    const rebound = createEgress({ resolve, allowLoopback: true });
    const url = `http://rebinding.test:${port}/`;
    expect((await rebound.request({ url })).body.toString()).toBe('first');
    expect(asked).toEqual(['rebinding.test']);
    // The next call resolves again and uses that answer, where no one listens.
    expect(await reasonOf(rebound.request({ url }))).toBe('connection');
    expect(asked).toHaveLength(2);
  });

  it.each([301, 302, 303, 307, 308, 304])('ID-15 follows no redirect (%i)', async (status) => {
    let reached = false;
    const target = await serve((_request, response) => {
      reached = true;
      response.end();
    });
    const url = await serve((_request, response) =>
      response.writeHead(status, { location: target }).end(),
    );
    expect(await reasonOf(ask(url))).toBe('redirected');
    expect(reached).toBe(false);
  });

  it('ID-15 stops an endless body at the limit, and accepts one of exactly that size', async () => {
    const endless = await serve((_request, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(64 * 1024)));
      };
      response.on('drain', more);
      more();
    });
    expect(await reasonOf(ask(endless, { maxBytes: 100_000 }))).toBe('too_large');
    const exact = await serve((_request, response) => response.end(Buffer.alloc(1000)));
    expect((await ask(exact, { maxBytes: 1000 })).body).toHaveLength(1000);
    expect(await reasonOf(ask(exact, { maxBytes: 999 }))).toBe('too_large');
  });

  it('ID-15 has one deadline for name, connection, head and body', async () => {
    const deadlineMs = 300;
    const never = createEgress({ resolve: () => new Promise(() => {}) });
    expect(await reasonOf(never.request({ url: 'https://slow.example.com/', deadlineMs }))).toBe(
      'timeout',
    );
    const silent = await listen(createTcpServer((socket) => socket.resume()));
    expect(await reasonOf(ask(`http://127.0.0.1:${silent}/`, { deadlineMs }))).toBe('timeout');
    // Every byte comes in time, but the body never ends.
    const dripping = await serve((_request, response) => {
      const drip = setInterval(() => response.write('.'), 20);
      response.on('close', () => clearInterval(drip));
    });
    expect(await reasonOf(ask(dripping, { deadlineMs }))).toBe('timeout');
  });

  it('distinguishes a failed or interrupted connection from an answer', async () => {
    expect(await reasonOf(ask('http://127.0.0.1:9/'))).toBe('connection');
    const broken = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('half');
      response.socket?.destroy();
    });
    expect(await reasonOf(ask(broken))).toBe('connection');
    const { resolve } = resolver([]);
    const unknown = createEgress({ resolve }).request({ url: 'https://none.example.com/' });
    expect(await reasonOf(unknown)).toBe('connection');
  });

  it('ID-15 uses no proxy from the environment', async () => {
    let asked = 0;
    const proxy = await serve((_request, response) => {
      asked += 1;
      response.end();
    });
    const url = await serve((_request, response) => response.end('direct'));
    const names = ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY', 'ALL_PROXY'];
    for (const name of names) vi.stubEnv(name, proxy);
    try {
      expect((await ask(url)).body.toString()).toBe('direct');
      expect(asked).toBe(0);
    } finally {
      vi.unstubAllEnvs();
    }
  });

  it('ID-15 checks the certificate for the name, not for the address', async () => {
    const { cert, key } = selfSigned();
    const port = await listen(
      createHttpsServer({ cert, key }, (_request, response) => response.end('sealed')),
    );
    const { resolve } = resolver(['127.0.0.1']);
    const url = `https://localhost:${port}/`;
    expect(await reasonOf(createEgress({ resolve, allowLoopback: true }).request({ url }))).toBe(
      'tls',
    );
    const trusting = createEgress({ resolve, allowLoopback: true, ca: cert });
    expect((await trusting.request({ url })).body.toString()).toBe('sealed');
    const other = trusting.request({ url: `https://other.test:${port}/` });
    expect(await reasonOf(other)).toBe('tls');
  });

  it('does not disclose the address in its message', async () => {
    const call = createEgress().request({ url: 'https://10.9.8.7/?token=secret' });
    await expect(call).rejects.toThrow(/^The call failed: address_refused\.$/);
  });
});
