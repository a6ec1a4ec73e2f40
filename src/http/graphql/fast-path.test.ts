import { hash } from 'node:crypto';
import Fastify from 'fastify';
import { parse } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { App } from '../../app.ts';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { type Person, registerPerson } from '../../testing/people.ts';
import { sendRaw } from '../../testing/raw-request.ts';
import { trustedProxyList } from '../hooks/client-address.ts';
import { createServer, type Server, type ServerOptions } from '../server.ts';
import { startApollo } from './apollo.ts';
import { fastOperation } from './fast-path.ts';
import { createOperationCache, type OperationCache } from './operation-cache.ts';
import { graphqlRoute } from './route.ts';
import { createOperationRunner } from './run-operation.ts';

let server: TestServer;
let person: Person;
beforeAll(async () => {
  server = await startTestServer();
  person = await registerPerson(server);
});
afterAll(() => server.stop());

const me = 'query Me($with: Boolean = true) { me { id @include(if: $with) } }';
const json = { 'content-type': 'application/json' };
const listed = 'http://localhost:3000';
const unlisted = 'https://a.example';

type Sent = {
  readonly method?: string;
  readonly target?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The request for a document with this text. */
  readonly body?: (query: string) => string | Buffer;
  /** Bytes of the body that arrive a moment later. */
  readonly later?: number;
};

const plain = (query: string): string => JSON.stringify({ query });
const inChunks = (query: string): string =>
  `${Buffer.byteLength(plain(query)).toString(16)}\r\n${plain(query)}\r\n0\r\n\r\n`;
const manyHeaders = Object.fromEntries(Array.from({ length: 110 }, (_, n) => [`x-${n}`, 'a']));

type Received = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

/** The raw answer, without the parts that differ between any two answers. */
async function ask(url: string, query: string, sent: Sent): Promise<Received> {
  const { method = 'POST', target = '/graphql', headers = json, body = plain, later = 0 } = sent;
  const bytes = Buffer.from(body(query));
  const length = 'transfer-encoding' in headers ? {} : { 'content-length': String(bytes.length) };
  const lines = Object.entries({ host: 'localhost', connection: 'close', ...length, ...headers })
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
  const head = Buffer.from(`${method} ${target} HTTP/1.1\r\n${lines}\r\n`);
  const parts = [
    Buffer.concat([head, bytes.subarray(0, bytes.length - later)]),
    bytes.subarray(bytes.length - later),
  ];
  const { status, text } = await sendRaw(url, parts);
  const [first = '', ...rest] = text.split('\r\n\r\n');
  const received = Object.fromEntries(
    first
      .split('\r\n')
      .slice(1)
      .map((line) => [
        line.slice(0, line.indexOf(':')).toLowerCase(),
        line.slice(line.indexOf(':') + 2),
      ]),
  );
  const { date: _date, 'x-request-id': id = '', ...others } = received;
  const hasId = id !== '';
  return {
    status,
    headers: { ...others, 'x-request-id': String(hasId) },
    body: hasId ? rest.join('\r\n\r\n').replaceAll(id, 'REQUEST-ID') : rest.join('\r\n\r\n'),
  };
}

let texts = 0;
/** A document that the server has not cached. */
const newText = (): string => {
  texts += 1;
  return `${me} # ${String(texts).padStart(6, '0')}`;
};

/** Apollo's answer, which the answer for a cached document must equal. */
async function askBothWays(sent: Sent, url = server.url): Promise<Received> {
  const byApollo = await ask(url, newText(), sent);
  const text = newText();
  await ask(url, text, {});
  expect(await ask(url, text, sent)).toEqual(byApollo);
  return byApollo;
}

const cases: readonly (readonly [string, number, Sent])[] = [
  ['another method', 405, { method: 'PUT' }],
  ['a query in the address', 200, { target: '/graphql?x=1' }],
  ['TR-5 another content type', 415, { headers: { 'content-type': 'text/plain' } }],
  ['TR-5 no content type', 415, { headers: {} }],
  ['TR-4 a page of a listed origin', 200, { headers: { ...json, origin: listed } }],
  ['TR-4 a page of another origin', 200, { headers: { ...json, origin: unlisted } }],
  [
    'a trace',
    200,
    { headers: { ...json, traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` } },
  ],
  ['GQ-14 a compressed body', 415, { headers: { ...json, 'content-encoding': 'gzip' } }],
  [
    'a body in chunks',
    200,
    { headers: { ...json, 'transfer-encoding': 'chunked' }, body: inChunks },
  ],
  ['a body that comes later', 200, { later: 10 }],
  [
    'a body whose beginning is JSON of its own',
    200,
    { body: (query) => `${plain(query)}${' '.repeat(20)}`, later: 10 },
  ],
  ['no body', 400, { body: () => '' }],
  [
    'GQ-14 a large body',
    200,
    { body: (query) => JSON.stringify({ query, variables: { rest: 'x'.repeat(8200) } }) },
  ],
  [
    'PW-6 bytes that are no UTF-8',
    400,
    {
      body: (query) =>
        Buffer.from(plain(query).replace('{', '{"variables":{"x":"\xff"},'), 'latin1'),
    },
  ],
  ['a body that is no JSON', 400, { body: (query) => plain(query).slice(1) }],
  [
    'a key that changes what objects inherit',
    400,
    { body: (query) => plain(query).replace('{', '{"__proto__":{},') },
  ],
  [
    'such a key in another spelling',
    400,
    { body: (query) => plain(query).replace('{', '{"\\u005f_proto__":{},') },
  ],
  ['a list', 400, { body: (query) => `[${plain(query)}]` }],
  [
    'extensions',
    200,
    { body: (query) => JSON.stringify({ query, extensions: { clientLibrary: { name: 'a' } } }) },
  ],
  [
    'an unknown operation name',
    400,
    { body: (query) => JSON.stringify({ query, operationName: 'Other' }) },
  ],
  [
    'variables that do not fit',
    400,
    { body: (query) => JSON.stringify({ query, variables: { with: 'no' } }) },
  ],
  ['an Accept that has to be refused', 406, { headers: { ...json, accept: 'application/xml' } }],
  ['too many headers', 431, { headers: { ...json, ...manyHeaders } }],
];

describe.each([undefined, listed, unlisted])('from the origin %s', (origin) => {
  it.each(cases)(
    'GQ-19 the answer is the same for a cached document: %s',
    async (_, status, sent) => {
      const headers = { ...(origin === undefined ? {} : { origin }), ...(sent.headers ?? json) };
      expect((await askBothWays({ ...sent, headers })).status).toBe(status);
    },
  );
});

/** The route with a cache that the test can inspect; other tests check its answers. */
async function openRoute() {
  const { app } = server;
  const cache = createOperationCache();
  const apollo = await startApollo(app, cache);
  const trustedProxies = trustedProxyList([]);
  const fastify = Fastify();
  graphqlRoute(
    fastify,
    createOperationRunner({ app, apollo, cache, trustedProxies, deadline: 10_000 }),
  );
  return {
    cache,
    post: (query: string) =>
      fastify.inject({ method: 'POST', url: '/graphql', payload: { query } }),
    close: async () => {
      await fastify.close();
      await apollo.stop();
    },
  };
}

describe('the condition of the fast path', () => {
  let cache: OperationCache;
  beforeAll(async () => {
    const route = await openRoute();
    await route.post('{ nothingOfTheKind }');
    await route.post(me);
    await route.close();
    cache = route.cache;
  });

  const headers = { ...json, 'content-length': '100' };
  const find = (body: unknown, head: { method?: string; headers?: Record<string, string> } = {}) =>
    fastOperation({ method: 'POST', headers, ...head, body }, cache);

  it('accepts what Apollo has validated, with the media type of the answer', () => {
    for (const body of [
      { query: me },
      { query: me, operationName: 'Me', variables: null, extensions: null },
      { query: me, operationName: null, variables: { with: false } },
    ]) {
      expect(find(body)).toMatchObject({
        cached: { fields: ['Query.me'], mayBeStale: false },
        contentType: 'application/json; charset=utf-8',
      });
    }
    expect(find({ query: me, variables: { with: false } })?.variables).toEqual({ with: false });
    const accept = 'application/graphql-response+json, application/json;q=0.9';
    expect(find({ query: me }, { headers: { ...headers, accept } })?.contentType).toBe(
      'application/graphql-response+json; charset=utf-8',
    );
  });

  it.each<[string, unknown, Parameters<typeof find>[1]?]>([
    ['another method', { query: me }, { method: 'GET' }],
    ['no length', { query: me }, { headers: json }],
    ['a large body', { query: me }, { headers: { ...json, 'content-length': '8193' } }],
    ['an unusual Accept', { query: me }, { headers: { ...headers, accept: 'text/html, */*' } }],
    ['no body', undefined],
    ['a list', [{ query: me }]],
    ['a query that is no text', { query: [me] }],
    ['extensions', { query: me, extensions: {} }],
    ['an operation name that is no text', { query: me, operationName: {} }],
    ['an empty operation name', { query: me, operationName: '' }],
    ['an unknown operation name', { query: me, operationName: 'Other' }],
    ['variables that are a text', { query: me, variables: '{}' }],
    ['variables that are a list', { query: me, variables: [] }],
    ['a document that is not cached', { query: `${me} ` }],
    ['a document that is not valid', { query: '{ nothingOfTheKind }' }],
  ])('leaves to Apollo %s', (_, body, head) => {
    expect(find(body, head)).toBeNull();
  });

  it('AV-7 caches no more documents than its bounds allow', async () => {
    const full = createOperationCache();
    const has = (query: string): boolean => full.find(query, undefined) !== null;
    // With the hash that Apollo uses, which is the key of the cache in the tests above.
    const put = (query: string) =>
      full.documentStore.set(`schema:${hash('sha256', query)}`, parse(query));
    const many = (n: number) => `{ me { id } } # ${n}`;
    for (let n = 0; n <= 500; n += 1) await put(many(n));
    expect([has(many(0)), has(many(1)), has(many(500))]).toEqual([false, true, true]);
    const long = (n: number) => `{ me { id } } # ${n}${'x'.repeat(60_000)}`;
    for (let n = 0; n < 5; n += 1) await put(long(n));
    expect([has(long(0)), has(long(1)), has(long(4))]).toEqual([false, true, true]);
  });
});

/** Another server on the same database, while `use` runs. */
async function withServer(
  change: (app: App) => App,
  use: (url: string, server: Server) => Promise<void>,
  options: ServerOptions = {},
): Promise<void> {
  const other = await createServer(change(server.app), options);
  try {
    await use(await other.listen(), other);
  } finally {
    await other.close();
  }
}

describe('a cached document', () => {
  const signedIn = () => ({ ...json, authorization: `Bearer ${person.accessToken}` });

  it('TR-1 is refused over plain http when PUBLIC_URL is https, except by proxy', async () => {
    const overHttps =
      (trustedProxies: readonly string[]) =>
      (app: App): App => ({
        ...app,
        config: { ...app.config, publicUrl: 'https://a.example', trustedProxies },
      });
    const forwarded = { headers: { ...json, 'x-forwarded-proto': 'https' } };
    await withServer(overHttps([]), async (url) => {
      expect((await ask(url, me, forwarded)).status).toBe(403);
    });
    await withServer(overHttps(['127.0.0.1']), async (url) => {
      for (let again = 0; again < 2; again += 1) {
        const answer = await ask(url, me, forwarded);
        expect(JSON.parse(answer.body)).toEqual({ data: { me: null } });
        expect(answer.headers).toMatchObject({
          'strict-transport-security': 'max-age=63072000; includeSubDomains',
        });
        expect((await ask(url, me, {})).status).toBe(403);
      }
    });
  });

  it('AV-5 closes its connection while the server drains', async () => {
    await withServer(
      (app) => app,
      async (url, { drain }) => {
        const keepAlive = { headers: { ...json, connection: 'keep-alive' } };
        const open = await fetch(`${url}/graphql`, {
          method: 'POST',
          headers: json,
          body: plain(me),
        });
        expect(open.headers.get('connection')).toBe('keep-alive');
        drain();
        for (const text of [me, newText()]) {
          const answer = await ask(url, text, keepAlive);
          expect(answer).toMatchObject({ status: 200, headers: { connection: 'close' } });
        }
      },
    );
  });

  it('TR-3 is answered with every header', async () => {
    const answer = await askBothWays({ headers: signedIn() });
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body)).toEqual({ data: { me: { id: person.id } } });
    expect(answer.headers).toMatchObject({
      'x-request-id': 'true',
      vary: 'Origin',
      'cache-control': 'no-store',
      'content-security-policy': expect.any(String),
      'x-content-type-options': 'nosniff',
    });
  });

  it('TR-4 is shared with a listed origin, credentials included, and with no other', async () => {
    const shared = await askBothWays({ headers: { ...signedIn(), origin: listed } });
    expect(shared.headers).toMatchObject({
      'access-control-allow-origin': listed,
      'access-control-allow-credentials': 'true',
      'access-control-expose-headers': 'WWW-Authenticate, Retry-After, X-Request-Id',
      vary: 'Origin',
    });
    const other = await askBothWays({ headers: { ...signedIn(), origin: unlisted } });
    expect(other.headers).not.toHaveProperty('access-control-allow-origin');
    expect(other.headers).toMatchObject({ vary: 'Origin' });
  });

  it('JW-13 is refused to an invalid bearer', async () => {
    const headers = { ...json, authorization: 'Bearer made.up.token' };
    const answer = await askBothWays({ headers });
    expect(answer.status).toBe(401);
    expect(answer.headers).toMatchObject({ 'www-authenticate': 'Bearer error="invalid_token"' });
    expect(JSON.parse(answer.body).errors[0].extensions).toMatchObject({
      code: 'UNAUTHENTICATED',
      reason: 'TOKEN_INVALID',
    });
  });

  it('GQ-15 is cancelled at its deadline with a 503 and Retry-After', async () => {
    await withServer(
      (app) => ({ ...app, lookUpSession: () => new Promise(() => {}) }),
      async (url) => {
        const answer = await askBothWays({ headers: signedIn() }, url);
        expect(answer.status).toBe(503);
        expect(answer.headers).toMatchObject({ 'retry-after': '1' });
        expect(JSON.parse(answer.body).errors[0].extensions).toEqual({
          code: 'OVERLOADED',
          requestId: 'REQUEST-ID',
        });
      },
      { deadline: 300 },
    );
  });

  it('AV-6 is answered with a 503 and Retry-After when the database fails', async () => {
    const lost = Object.assign(new Error('lost'), { code: 'CONNECTION_CLOSED' });
    await withServer(
      (app) => ({ ...app, lookUpSession: () => Promise.reject(lost) }),
      async (url) => {
        const answer = await askBothWays({ headers: { ...signedIn(), origin: listed } }, url);
        expect(answer.status).toBe(503);
        expect(answer.headers).toMatchObject({ 'retry-after': '1' });
        expect(JSON.parse(answer.body)).toEqual({
          errors: [
            {
              message: 'The service is not available. Try again in a moment.',
              extensions: { code: 'OVERLOADED', retryAfter: 1, requestId: 'REQUEST-ID' },
            },
          ],
        });
      },
    );
  });
});
