import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { parse } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { App } from '../../app.ts';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { type Person, registerPerson } from '../../testing/people.ts';
import { trustedProxyList } from '../hooks/client-address.ts';
import { createKnownOperations } from './operation-cache.ts';
import { startApollo } from './route.ts';
import { createOperationRunner } from './run-operation.ts';
import { shortWay } from './short-way.ts';

let server: TestServer;
let person: Person;
beforeAll(async () => {
  server = await startTestServer();
  person = await registerPerson(server);
});
afterAll(() => server.stop());

/**
 * Where the short way is not taken: tells what it got, so that a body that was looked at can be
 * seen to be whole.
 */
const theLongWay: RequestListener = async (request, response) => {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part);
  response.end(`long way: ${Buffer.concat(parts).toString()}`);
};

type Front = { readonly port: number; drain(): void; close(): Promise<void> };

/** The short way before `theLongWay`, as the server has it before Fastify. */
async function openFront(
  change: (app: App) => App = (app) => app,
  trusted: readonly string[] = [],
  deadline = 10_000,
): Promise<Front> {
  const app = change(server.app);
  const known = createKnownOperations();
  const apollo = await startApollo(app, known);
  const trustedProxies = trustedProxyList(trusted);
  const runner = createOperationRunner({ app, apollo, trustedProxies, deadline });
  let draining = false;
  const handler = shortWay(
    {
      app,
      known,
      runner,
      trustedProxies,
      isDraining: () => draining,
      newId: () => server.app.random.token(16),
    },
    theLongWay,
  );
  const front: Server = createServer(handler).listen(0, '127.0.0.1');
  await once(front, 'listening');
  known.learn(me, parse(me));
  return {
    port: (front.address() as AddressInfo).port,
    drain: () => {
      draining = true;
    },
    close: async () => {
      front.close();
      front.closeAllConnections();
      await apollo.stop();
    },
  };
}

const me = 'query Me($with: Boolean = true) { me { id @include(if: $with) } }';
const json = { 'content-type': 'application/json' };

type Sent = {
  readonly method?: string;
  readonly target?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Bytes of the body that come a moment later. */
  readonly later?: number;
};

/** The answer to one request, as it comes over the wire, and its body. */
async function ask(port: number, sent: Sent): Promise<{ head: string; body: string }> {
  const { method = 'POST', target = '/graphql', headers = json, body = '', later = 0 } = sent;
  const bytes = Buffer.from(body);
  const length = 'transfer-encoding' in headers ? {} : { 'content-length': String(bytes.length) };
  const lines = Object.entries({ host: 'a.example', connection: 'close', ...length, ...headers });
  const head = `${method} ${target} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
  const socket = connect(port, '127.0.0.1');
  socket.write(Buffer.concat([Buffer.from(head), bytes.subarray(0, bytes.length - later)]));
  if (later > 0) setTimeout(() => socket.write(bytes.subarray(bytes.length - later)), 50);
  const parts: Buffer[] = [];
  for await (const part of socket) parts.push(part);
  const [first = '', ...rest] = Buffer.concat(parts).toString().split('\r\n\r\n');
  return { head: first, body: rest.join('\r\n\r\n') };
}

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');
const asked = JSON.stringify({ query: me });
const chunked = `${Buffer.byteLength(asked).toString(16)}\r\n${asked}\r\n0\r\n\r\n`;
const long = JSON.stringify({ query: me, variables: { with: true, rest: 'x'.repeat(8200) } });

describe('the short way is left to Fastify, body and all, by', () => {
  let front: Front;
  beforeAll(async () => {
    front = await openFront();
  });
  afterAll(() => front.close());

  it.each<[string, Sent]>([
    ['another method', { method: 'PUT', body: asked }],
    ['another address', { target: '/graphql?x=1', body: asked }],
    ['TR-5 another content type', { headers: { 'content-type': 'text/plain' }, body: asked }],
    ['TR-5 none', { headers: {}, body: asked }],
    [
      'TR-4 a page of another origin',
      { headers: { ...json, origin: 'https://a.example' }, body: asked },
    ],
    [
      'a trace',
      {
        headers: { ...json, traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` },
        body: asked,
      },
    ],
    [
      'GQ-14 a body that is packed',
      { headers: { ...json, 'content-encoding': 'gzip' }, body: asked },
    ],
    ['a body in chunks', { headers: { ...json, 'transfer-encoding': 'chunked' }, body: chunked }],
    ['a body that comes later', { body: asked, later: 10 }],
    [
      'a body whose beginning could be taken for all of it',
      { body: `${asked}${' '.repeat(20)}`, later: 10 },
    ],
    ['no body', {}],
    ['GQ-14 a large body', { body: long }],
    [
      'PW-6 bytes that are no UTF-8',
      { body: latin1(asked.replace('{', '{"variables":{"x":"\xff"},')) },
    ],
    ['what is no JSON', { body: asked.slice(1) }],
    ['a key that changes what objects inherit', { body: asked.replace('{', '{"__proto__":{},') }],
    ['the same in another spelling', { body: asked.replace('{', '{"\\u005f_proto__":{},') }],
    ['a list', { body: `[${asked}]` }],
    ['a document that is not known', { body: JSON.stringify({ query: '{ me { email } }' }) }],
    [
      'an operation that is not there',
      { body: JSON.stringify({ query: me, operationName: 'Other' }) },
    ],
    [
      'an Accept that takes a look',
      { headers: { ...json, accept: 'application/xml' }, body: asked },
    ],
    [
      'too many headers',
      {
        headers: {
          ...json,
          ...Object.fromEntries(Array.from({ length: 110 }, (_, n) => [`x-${n}`, 'a'])),
        },
        body: asked,
      },
    ],
  ])('%s', async (_, sent) => {
    const { body } = await ask(front.port, sent);
    const text =
      sent.headers?.['transfer-encoding'] === undefined
        ? Buffer.from(sent.body ?? '').toString()
        : asked;
    expect(body.replace(/^[0-9a-f]+\r\n|\r\n0\r\n\r\n$/g, '')).toBe(`long way: ${text}`);
  });
});

describe('the short way', () => {
  it('TR-1 is closed to plain http where PUBLIC_URL is https, unless a trusted proxy says otherwise', async () => {
    const overHttps = (app: App): App => ({
      ...app,
      config: { ...app.config, publicUrl: 'https://a.example' },
    });
    const plain = await openFront(overHttps);
    const behindProxy = await openFront(overHttps, ['127.0.0.1']);
    try {
      const said = { body: asked, headers: { ...json, 'x-forwarded-proto': 'https' } };
      expect((await ask(plain.port, said)).body).toContain('long way');
      expect((await ask(behindProxy.port, { body: asked })).body).toContain('long way');
      const { head, body } = await ask(behindProxy.port, said);
      expect(JSON.parse(body)).toEqual({ data: { me: null } });
      expect(head).toContain('strict-transport-security: max-age=63072000');
    } finally {
      await plain.close();
      await behindProxy.close();
    }
  });

  it('AV-5 is closed while the server drains', async () => {
    const front = await openFront();
    try {
      expect((await ask(front.port, { body: asked })).body).toContain('"data"');
      front.drain();
      expect((await ask(front.port, { body: asked })).body).toContain('long way');
    } finally {
      await front.close();
    }
  });

  it('TR-3 answers a known operation with every header that Fastify adds', async () => {
    const front = await openFront();
    try {
      const headers = { ...json, authorization: `Bearer ${person.accessToken}` };
      const { head, body } = await ask(front.port, { headers, body: asked });
      expect(JSON.parse(body)).toEqual({ data: { me: { id: person.id } } });
      for (const name of [
        'x-request-id',
        'vary',
        'cache-control',
        'content-security-policy',
        'x-content-type-options',
      ]) {
        expect(head.toLowerCase()).toContain(`\r\n${name}: `);
      }
      expect(head).toMatch(/^HTTP\/1\.1 200 /);
    } finally {
      await front.close();
    }
  });

  it('JW-13 refuses a bearer that does not hold, as any other way', async () => {
    const front = await openFront();
    try {
      const headers = { ...json, authorization: 'Bearer made.up.token' };
      const { head, body } = await ask(front.port, { headers, body: asked });
      expect(head).toMatch(/^HTTP\/1\.1 401 /);
      expect(head.toLowerCase()).toContain('www-authenticate: bearer error="invalid_token"');
      expect(JSON.parse(body).errors[0].extensions).toMatchObject({
        code: 'UNAUTHENTICATED',
        reason: 'TOKEN_INVALID',
      });
    } finally {
      await front.close();
    }
  });

  it('GQ-15 ends an operation that takes too long with a 503, and says when to come again', async () => {
    const slow = await openFront(
      (app) => ({
        ...app,
        lookUpSession: () => new Promise(() => {}),
      }),
      [],
      100,
    );
    try {
      const headers = { ...json, authorization: `Bearer ${person.accessToken}` };
      const { head, body } = await ask(slow.port, { headers, body: asked });
      expect(head).toMatch(/^HTTP\/1\.1 503 /);
      expect(head.toLowerCase()).toContain('retry-after: 1');
      expect(JSON.parse(body).errors[0].extensions).toMatchObject({
        code: 'OVERLOADED',
        requestId: expect.any(String),
      });
    } finally {
      await slow.close();
    }
  });
});
