import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../testing/app.ts';
import { meQuery, mutationText } from '../testing/client.ts';
import { freshAddress, goodPassword, registerPerson } from '../testing/people.ts';
import { sendRaw } from '../testing/raw-request.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const registration = (email: string) =>
  JSON.stringify({
    query: mutationText('register'),
    variables: { input: { email, password: goodPassword } },
  });

async function post(
  path: string,
  init: RequestInit,
): Promise<{ status: number; text: string; headers: Headers }> {
  const response = await fetch(`${server.url}${path}`, { method: 'POST', ...init });
  return { status: response.status, text: await response.text(), headers: response.headers };
}

/** Whether anything was done for this address. */
function mailsTo(email: string): number {
  server.app.wakeOutbox();
  return server.mailbox.list().filter((mail) => mail.to === email).length;
}

describe('bodies', () => {
  it.each([
    ['text/plain'],
    ['application/x-www-form-urlencoded'],
    ['multipart/form-data; boundary=x'],
    ['application/graphql'],
    ['application/json; charset=utf-16'],
    ['application/json, text/plain'],
    [''],
  ])('TR-5 GQ-17 a mutation sent as %j is refused and does nothing', async (type) => {
    const email = freshAddress();
    for (const headers of [{}, { 'apollo-require-preflight': 'true' }]) {
      const body = Buffer.from(registration(email));
      const answer = await post('/graphql', {
        headers: { ...headers, 'content-type': type },
        body,
      });
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.status).toBeLessThan(500);
      expect(answer.text).not.toContain('"data"');
    }
    expect(mailsTo(email)).toBe(0);
  });

  it('TR-5 a GET query without a header that pages cannot send is refused', async () => {
    for (const headers of [
      {},
      { 'content-type': 'text/plain' },
      { 'content-type': 'multipart/form-data; a=b' },
    ]) {
      const answer = await fetch(`${server.url}/graphql?query=${encodeURIComponent(meQuery)}`, {
        headers,
      });
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.status).toBeLessThan(500);
      expect(await answer.text()).not.toContain('"data"');
    }
  });

  it.each([
    ['by its text', (text: string) => `query=${encodeURIComponent(text)}`],
    [
      'by the name of an operation',
      (text: string) =>
        `query=${encodeURIComponent(`query Q { me { id } } ${text}`)}&operationName=M`,
    ],
    [
      'by a hash',
      (text: string) =>
        `query=${encodeURIComponent(text)}&extensions=` +
        encodeURIComponent('{"persistedQuery":{"version":1,"sha256Hash":"x"}}'),
    ],
  ])('TR-6 a mutation over GET, %s, does nothing', async (_how, search) => {
    const email = freshAddress();
    const input = JSON.stringify({ input: { email, password: goodPassword } });
    const variables = encodeURIComponent(input);
    const url = `${server.url}/graphql?${search(mutationText('register'))}&variables=${variables}`;
    for (const headers of [{}, { 'apollo-require-preflight': 'true' }]) {
      const answer = await fetch(url, { headers });
      const text = await answer.text();
      expect(text).not.toContain('"data"');
      // The one 200 is the protocol of persisted queries: a client then sends the text.
      if (!text.includes('PERSISTED_QUERY_NOT_SUPPORTED'))
        expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.status).toBeLessThan(500);
    }
    expect(mailsTo(email)).toBe(0);
  });

  const hash = { persistedQuery: { version: 1, sha256Hash: '00' } };
  const json = { 'content-type': 'application/json' };
  it.each([{}, { query: '' }, { query: null }])(
    'GQ-16 X-28 supports no look-up of documents by hash: %j',
    async (body) => {
      const sent = JSON.stringify({ ...body, extensions: hash });
      const { text } = await post('/graphql', { headers: json, body: sent });
      expect(JSON.parse(text).errors[0].extensions.code).toBe('PERSISTED_QUERY_NOT_SUPPORTED');
      const search = `?extensions=${encodeURIComponent(JSON.stringify(hash))}&query=`;
      const asked = await fetch(`${server.url}/graphql${search}`, { headers: json });
      expect(JSON.parse(await asked.text()).errors[0].extensions.code).toBe(
        'PERSISTED_QUERY_NOT_SUPPORTED',
      );
    },
  );

  it.each([
    { extensions: hash },
    { extensions: { ...hash, clientLibrary: { name: 'x' } } },
    { extensions: { persistedQuery: null } },
    { extensions: hash, operationName: 'Q', variables: {} },
  ])('X-28 a whole query with its hash is run: %j', async (more) => {
    const query = 'query Q { authOptions { otpLength } }';
    const answer = { data: { authOptions: { otpLength: 6 } } };
    const body = JSON.stringify({ query, ...more });
    // Twice: an ordinary request with the same document may take the fast path afterwards.
    for (let times = 0; times < 2; times += 1)
      expect(JSON.parse((await post('/graphql', { headers: json, body })).text)).toEqual(answer);
    const search = new URLSearchParams({
      query,
      extensions: JSON.stringify(more.extensions),
      ...('variables' in more ? { variables: '{}', operationName: 'Q' } : {}),
    });
    const asked = await fetch(`${server.url}/graphql?${search}`, { headers: json });
    expect(await asked.json()).toEqual(answer);
  });

  it('X-28 a hash spares a request no check', async () => {
    const email = freshAddress();
    const query = mutationText('register');
    const variables = { input: { email, password: goodPassword } };
    const search = new URLSearchParams({
      query,
      variables: JSON.stringify(variables),
      extensions: JSON.stringify(hash),
    });
    for (const headers of [{}, json])
      expect((await fetch(`${server.url}/graphql?${search}`, { headers })).status).toBeGreaterThan(
        399,
      );
    const doubled = `${search}&extensions=${encodeURIComponent('{}')}`;
    expect((await fetch(`${server.url}/graphql?${doubled}`, { headers: json })).status).toBe(400);
    expect(mailsTo(email)).toBe(0);
    const deep = `{ ${'me { '.repeat(30)} id ${'} '.repeat(30)} }`;
    const { text } = await post('/graphql', {
      headers: json,
      body: JSON.stringify({ query: deep, extensions: hash }),
    });
    expect(JSON.parse(text).data).toBeUndefined();
  });

  it.each([{}, { accept: 'application/graphql-response+json, application/json;q=0.9' }])(
    'X-28 a GET as urql sends it is told to be a POST: %j',
    async (headers) => {
      const query = encodeURIComponent('query Q { me { id } }');
      const answer = await fetch(
        `${server.url}/graphql?operationName=Q&query=${query}&variables=%7B%7D`,
        { headers },
      );
      expect(answer.status).toBe(400);
      const [error] = JSON.parse(await answer.text()).errors;
      expect(error.extensions.code).toBe('BAD_REQUEST');
      expect(error.message).toMatch(/^Send it by POST, with content-type: application\/json\./);
      expect(error.message).toContain('preferGetMethod: false');
      expect(error.message).not.toMatch(/apollo/i);
    },
  );

  it.each(['PUT', 'DELETE', 'PATCH', 'TRACE'])(
    'TR-6 %s gets the list of allowed methods',
    async (method) => {
      const { status, text } = await sendRaw(
        server.url,
        `${method} /graphql HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
      );
      expect(status).toBe(405);
      expect(text).toMatch(/\r\nallow: GET, HEAD, POST, OPTIONS\r\n/i);
    },
  );

  it('GQ-14 accepts 64 kB and no more, with or without a length', async () => {
    const padded = (size: number) => {
      const body = JSON.stringify({ query: '{ authOptions { otpLength } }', variables: { x: '' } });
      return body.replace('"x":""', `"x":"${'a'.repeat(size - body.length)}"`);
    };
    const headers = { 'content-type': 'application/json' };
    expect((await post('/graphql', { headers, body: padded(64 * 1024) })).status).toBe(200);
    expect((await post('/graphql', { headers, body: padded(64 * 1024 + 1) })).status).toBe(413);
    const chunks = `${'400\r\n'}${'a'.repeat(1024)}\r\n`.repeat(80);
    const head =
      'POST /graphql HTTP/1.1\r\nHost: localhost\r\n' +
      'Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n';
    expect((await sendRaw(server.url, `${head}${chunks}0\r\n\r\n`)).status).toBe(413);
  });

  it('GQ-14 decompresses no body', async () => {
    const bomb = gzipSync(
      JSON.stringify({ query: `{ authOptions { otpLength } } # ${'a'.repeat(5_000_000)}` }),
    );
    for (const encoding of ['gzip', 'deflate', 'br', 'gzip, identity', 'x']) {
      const headers = { 'content-type': 'application/json', 'content-encoding': encoding };
      expect((await post('/graphql', { headers, body: bomb })).status).toBe(415);
    }
  });

  it('GQ-14 PW-6 invalid UTF-8 is refused, not replaced', async () => {
    const email = freshAddress();
    const body = Buffer.from(
      registration(email).replace(goodPassword, 'otter lantern gravel sunday \u00ff'),
      'latin1',
    );
    const answer = await post('/graphql', {
      headers: { 'content-type': 'application/json' },
      body,
    });
    expect(answer.status).toBe(400);
    expect(mailsTo(email)).toBe(0);
  });

  it.each([
    ['nothing', ''],
    ['no JSON', '{"query":'],
    ['null', 'null'],
    ['a text', '"{ me { id } }"'],
    ['a list of operations', '[{"query":"{ me { id } }"},{"query":"{ me { id } }"}]'],
    ['an empty list', '[]'],
    ['a query that is a number', '{"query":1}'],
    ['a query that is a list', '{"query":["{ me { id } }"]}'],
    ['variables that are a text', '{"query":"{ me { id } }","variables":"{}"}'],
    ['variables that are a list', '{"query":"{ me { id } }","variables":[]}'],
    ['an operation name that is an object', '{"query":"{ me { id } }","operationName":{}}'],
    ['extensions that are a list', '{"query":"{ me { id } }","extensions":[1]}'],
    ['a prototype', '{"query":"{ me { id } }","__proto__":{"admin":true}}'],
    ['a constructor', '{"query":"{ me { id } }","constructor":{"prototype":{"admin":true}}}'],
  ])(
    'GQ-5 GQ-16 a body that is %s gets 4xx, as JSON, and discloses nothing about the server',
    async (_what, body) => {
      const answer = await post('/graphql', {
        headers: { 'content-type': 'application/json' },
        body,
      });
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.status).toBeLessThan(500);
      expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
      const { data, errors } = JSON.parse(answer.text);
      expect(data).toBeUndefined();
      expect(errors).toHaveLength(1);
      expect(answer.text).not.toMatch(/node_modules|stack|at .*\.[jt]s:\d/);
      expect(Object.hasOwn(Object.prototype, 'admin')).toBe(false);
    },
  );
});

describe('features that the API does not have', () => {
  it('GQ-17 no WebSocket, no incremental answer, no upload', async () => {
    const upgrade = await sendRaw(
      server.url,
      'GET /graphql HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, close\r\n' +
        'Upgrade: websocket\r\n' +
        'Sec-WebSocket-Version: 13\r\n' +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n' +
        'Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n',
    );
    expect(upgrade.status).toBeGreaterThanOrEqual(400);
    expect(upgrade.status).toBeLessThan(500);
    const deferred = await server.send(
      '{ me { id ... @defer { email } } }',
      {},
      { headers: { accept: 'multipart/mixed; deferSpec=20220824, application/json' } },
    );
    expect(deferred.headers.get('content-type')).toMatch(/^application\/json/);
    expect(deferred).toMatchObject({
      data: null,
      errors: [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }],
    });
    const subscription = await server.send('subscription { me { id } }');
    expect(subscription.status).toBeGreaterThanOrEqual(400);
    expect(subscription.data).toBeNull();
  });

  it('GQ-7 with introspection off discloses nothing of the schema, and has no page', async () => {
    const closed = await startTestServer({ config: { introspection: false, mode: 'production' } });
    for (const query of [
      '{ __schema { types { name } } }',
      '{ __type(name: "User") { fields { name } } }',
      '{ me { id } __schema { queryType { name } } }',
      '{ ...A } fragment A on Query { s: __schema { description } }',
    ]) {
      const answer = await closed.send(query);
      expect(answer.status).toBe(400);
      expect(answer.data).toBeNull();
      expect(answer.text).not.toContain('authOptions');
    }
    for (const path of [
      '/graphql',
      '/dev/mailbox',
      '/dev/mailbox.json',
      '/graphiql',
      '/playground',
    ]) {
      const answer = await fetch(`${closed.url}${path}`, { headers: { accept: 'text/html' } });
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(await answer.text()).not.toMatch(/<html|sandbox|graphiql/i);
    }
    expect((await closed.send('{ me { emali } }')).text).not.toContain('email');
    await closed.stop();
  });

  it('GQ-10 an invalid input is named by field and rule, without value or target', async () => {
    const answer = await server.send(mutationText('register'), {
      input: { email: 'CANARY-address', password: 'CANARY-9', name: 'CANARY'.repeat(50) },
    });
    expect(answer.data.register.code).toBe('VALIDATION_FAILED');
    expect(answer.data.register.fields.map((field: { path: string }) => field.path).sort()).toEqual(
      ['email', 'name'],
    );
    expect(answer.text).not.toMatch(/CANARY|target|"value"/);
  });
});

describe('TR-9 framing', () => {
  const body = '{"query":"{ authOptions { otpLength } }"}';
  const line = 'POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n';
  const second = 'GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n';

  it.each([
    [
      'a length and chunks',
      `${line}Content-Length: ${body.length}\r\n` +
        `Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n${second}`,
    ],
    ['two lengths', `${line}Content-Length: ${body.length}\r\nContent-Length: 4\r\n\r\n${body}`],
    ['a length that is none', `${line}Content-Length: 0x29\r\n\r\n${body}`],
    ['a signed length', `${line}Content-Length: +41\r\n\r\n${body}`],
    [
      'chunks that are not the last coding',
      `${line}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${second}`,
    ],
    ['an unknown coding', `${line}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${second}`],
    ['a space before the colon', `${line}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n`],
    ['a folded header', `${line}X-A: 1\r\n 2\r\n\r\n`],
    [
      'a bare line feed',
      `${line.replaceAll('\r\n', '\n')}Content-Length: ${body.length}\n\n${body}`,
    ],
    ['no host', 'GET /livez HTTP/1.1\r\n\r\n'],
    ['a NUL in a header', `${line}X-A: a\0b\r\n\r\n`],
    [
      'a chunk length that overflows',
      `${line}Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n`,
    ],
  ])(
    'TR-9 %s is refused, and nothing after it is taken for another request',
    async (_what, bytes) => {
      const { status, text } = await sendRaw(server.url, bytes);
      expect(status).toBe(400);
      expect(text).not.toContain('\r\n\r\nok');
      expect(text.match(/HTTP\/1\.1/g)).toHaveLength(1);
    },
  );

  it('AV-4 headers that are too large or too many are refused', async () => {
    const large = await sendRaw(
      server.url,
      `GET /livez HTTP/1.1\r\nHost: localhost\r\nX-A: ${'a'.repeat(17_000)}\r\n\r\n`,
    );
    expect(large.status).toBe(431);
    const lines = (count: number) =>
      Array.from({ length: count }, (_, n) => `X-${n}: 1\r\n`).join('');
    for (const count of [110, 300]) {
      const many = await sendRaw(
        server.url,
        `GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${lines(count)}\r\n`,
      );
      expect(many.status).toBe(431);
    }
    const some = await sendRaw(
      server.url,
      `GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${lines(90)}\r\n`,
    );
    expect(some.status).toBe(200);
  });
});

describe('every answer', () => {
  it('TR-3 TR-1 has the security headers, whatever it is an answer to', async () => {
    const behindProxy = await startTestServer({
      config: { publicUrl: 'https://auth.example.com' },
    });
    const person = await registerPerson(behindProxy);
    const json = { 'content-type': 'application/json', 'x-forwarded-proto': 'https' };
    const asked = (query: string, more = {}) =>
      fetch(`${behindProxy.url}/graphql`, {
        method: 'POST',
        headers: { ...json, ...more },
        body: JSON.stringify({ query }),
      });
    const answers = await Promise.all([
      asked('{ me { id } }', { authorization: `Bearer ${person.accessToken}` }),
      asked('{ me { id } }', { authorization: 'Bearer nonsense' }),
      asked('mutation { login(input: { email: "a@example.com", password: "x" }) { __typename } }'),
      asked('{ nothing }'),
      asked('{'),
      fetch(`${behindProxy.url}/graphql`, { method: 'DELETE', headers: json }),
      fetch(`${behindProxy.url}/nowhere`, { headers: json }),
      fetch(`${behindProxy.url}/.well-known/jwks.json`, { headers: json }),
      fetch(`${behindProxy.url}/livez`),
      fetch(`${behindProxy.url}/graphql`),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([
      200, 401, 200, 400, 400, 405, 404, 200, 200, 403,
    ]);
    for (const { headers } of answers) {
      expect(headers.get('strict-transport-security')).toMatch(
        /^max-age=(\d{8,}); includeSubDomains/,
      );
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('content-security-policy')).toBe(
        "default-src 'none'; frame-ancestors 'none'",
      );
      expect(headers.get('cross-origin-resource-policy')).toMatch(/^(same|cross)-origin$/);
      expect(headers.get('x-powered-by')).toBeNull();
      expect(headers.get('server')).toBeNull();
    }
    for (const { headers } of answers.slice(0, 7))
      expect(headers.get('cache-control')).toBe('no-store');
    await behindProxy.stop();
  });
});

describe('an origin that is not listed', () => {
  const named = (other: TestServer) =>
    other.logLines.filter((line) => line.includes('cors.origin_refused'));
  const ask = (other: TestServer, origin: string, method = 'POST') =>
    fetch(`${other.url}/graphql`, {
      method,
      headers: { origin, 'content-type': 'application/json' },
      ...(method === 'POST' ? { body: JSON.stringify({ query: meQuery }) } : {}),
    });

  it('X-23 is not logged in production, nor one that is listed or the server’s own', async () => {
    const production = await server.another({ mode: 'production' });
    await ask(production, 'http://localhost:5173', 'OPTIONS');
    expect(named(production)).toEqual([]);
    await production.stop();
    for (const origin of ['http://localhost:3000', server.url, 'nonsense', ''])
      await ask(server, origin);
    expect(named(server)).toEqual([]);
  });

  it('X-23 is named in the log of development, once, with what to set', async () => {
    for (const method of ['OPTIONS', 'POST', 'POST'])
      await ask(server, 'http://localhost:5173', method);
    await ask(server, 'null');
    const lines = named(server).map((line) => JSON.parse(line));
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatchObject({ level: 'warn', origin: 'http://localhost:5173' });
    expect(lines[0].msg).toContain('CORS_ORIGINS=http://localhost:3000,http://localhost:5173');
    expect(lines[1].origin).toBe('null');
  });

  it('X-23 fills no log, however many there are', async () => {
    const other = await server.another();
    for (let count = 0; count < 120; count += 1) await ask(other, `http://h${count}.example`);
    expect(named(other)).toHaveLength(100);
    await other.stop();
  });
});
