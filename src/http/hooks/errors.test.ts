import { connect } from 'node:net';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterAll, describe, expect, it } from 'vitest';
import { AuthError } from '../../errors.ts';
import { errorBody, errorOptions } from './errors.ts';
import { securityHeaders } from './headers.ts';

const publicUrl = 'http://localhost:4000';
const logged: string[] = [];
const fastify: FastifyInstance = Fastify({
  ...errorOptions({ publicUrl }),
  bodyLimit: 1000,
  genReqId: () => 'request-1',
  logger: { level: 'info', stream: { write: (line: string) => logged.push(line) } },
});
securityHeaders(fastify, { publicUrl });
errorBody(fastify);
fastify.route({ method: ['GET', 'POST'], url: '/graphql', handler: async () => ({ data: {} }) });
fastify.get('/.well-known/jwks.json', async () => ({ keys: [] }));
fastify.get<{ Querystring: { kind: string } }>('/fault', async (request) => {
  const { kind } = request.query;
  if (kind === 'error') throw new Error('canary-detail');
  if (kind === 'odd') throw Object.assign(new Error('canary-detail'), { statusCode: 200 });
  if (kind === 'string') throw 'canary-detail';
  if (kind === 'limited')
    throw new AuthError('RATE_LIMITED', { retryAfter: 30, detail: 'canary-detail' });
  throw new AuthError('UNAUTHENTICATED', { detail: 'canary-detail' });
});
afterAll(() => fastify.close());

describe('errorBody', () => {
  const canary = 'canary-input';

  it.each([
    ['no such address', { url: `/${canary}` }, 404, 'NOT_FOUND'],
    ['a target that cannot be decoded', { url: `/%zz${canary}` }, 400, 'BAD_REQUEST'],
    ['a body that is no JSON', post(`{"password": ${canary}`), 400, 'BAD_REQUEST'],
    ['no body', post(''), 400, 'BAD_REQUEST'],
    ['a poisoned body', post(`{"__proto__": {"a": "${canary}"}}`), 400, 'BAD_REQUEST'],
    ['a body too large', post(JSON.stringify(canary.repeat(100))), 413, 'PAYLOAD_TOO_LARGE'],
    ['another content type', post(canary, 'text/xml'), 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['a content type that is none', post(canary, canary), 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['an error', { url: '/fault?kind=error' }, 500, 'INTERNAL_SERVER_ERROR'],
    ['an error with a status of success', { url: '/fault?kind=odd' }, 500, 'INTERNAL_SERVER_ERROR'],
    ['a string thrown', { url: '/fault?kind=string' }, 500, 'INTERNAL_SERVER_ERROR'],
    ['a caller that is not signed in', { url: '/fault?kind=auth' }, 401, 'UNAUTHENTICATED'],
    ['a caller that comes too often', { url: '/fault?kind=limited' }, 429, 'RATE_LIMITED'],
  ] as const)(
    'answers %s in the one format, without input or stack',
    async (_name, request, status, code) => {
      const answer = await fastify.inject(request);
      expect(answer.statusCode).toBe(status);
      expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
      expect(answer.headers['x-request-id']).toBe('request-1');
      expect(answer.json()).toEqual({
        errors: [{ message: expect.any(String), extensions: { code, requestId: 'request-1' } }],
      });
      expect(answer.body).not.toMatch(/canary|FST_|stack|\.ts/);
    },
  );

  it('logs a server error once, with its request id', async () => {
    logged.length = 0;
    await fastify.inject('/fault?kind=error');
    const faults = logged.filter((line) => line.includes('canary-detail'));
    expect(faults).toHaveLength(1);
    expect(JSON.parse(faults[0] ?? '')).toMatchObject({
      reqId: 'request-1',
      msg: 'A request failed.',
    });
  });

  it('says how to authenticate and when to retry', async () => {
    expect((await fastify.inject('/fault?kind=auth')).headers['www-authenticate']).toBe(
      'Bearer realm="latchkey"',
    );
    expect((await fastify.inject('/fault?kind=limited')).headers['retry-after']).toBe('30');
  });

  it.each(['PUT', 'DELETE', 'PATCH', 'TRACE', 'QUERY', 'PROPFIND', 'LINK'])(
    'TR-6 refuses %s /graphql and names the allowed methods',
    async (method) => {
      // Not through inject: its types know fewer methods than the network does.
      const answer = await overSocket(`${method} /graphql?query=%7Bme%7D HTTP/1.1`);
      expect(answer).toMatch(/^HTTP\/1\.1 405 /);
      expect(answer).toMatch(/\r\nallow: GET, HEAD, POST, OPTIONS\r\n/i);
      expect(answer).toMatch(/\r\ncache-control: no-store\r\n/i);
      expect(answer).toContain('"code":"METHOD_NOT_ALLOWED"');
    },
  );

  it('TR-6 refuses the method before it reads the body', async () => {
    const answer = await fastify.inject({ ...post('{', 'text/xml'), method: 'PUT' });
    expect(answer.statusCode).toBe(405);
  });

  it('TR-6 the key set accepts GET and HEAD only', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH'] as const) {
      const answer = await fastify.inject({ method, url: '/.well-known/jwks.json' });
      expect(answer.statusCode).toBe(405);
      expect(answer.headers.allow).toBe('GET, HEAD, OPTIONS');
    }
    expect(
      (await fastify.inject({ method: 'HEAD', url: '/.well-known/jwks.json' })).statusCode,
    ).toBe(200);
  });

  it('lists the methods for OPTIONS', async () => {
    const answer = await fastify.inject({ method: 'OPTIONS', url: '/graphql' });
    expect([answer.statusCode, answer.headers.allow, answer.body]).toEqual([
      204,
      'GET, HEAD, POST, OPTIONS',
      '',
    ]);
  });

  it.each(['/:a(', '/*', '/:x', '/graphql/:id(^a+)+$', '//'])(
    'treats %s as text, not as a pattern',
    async (url) => {
      const answer = await fastify.inject({ method: 'PUT', url });
      expect(answer.statusCode).toBe(404);
    },
  );

  it('answers a GraphQL client in the media type that it asked for', async () => {
    const accept = 'application/graphql-response+json, application/json;q=0.9';
    const refused = await fastify.inject({
      ...post('{'),
      headers: { accept, 'content-type': 'application/json' },
    });
    expect(refused.headers['content-type']).toBe(
      'application/graphql-response+json; charset=utf-8',
    );
    const elsewhere = await fastify.inject({ url: '/nowhere', headers: { accept } });
    expect(elsewhere.headers['content-type']).toBe('application/json; charset=utf-8');
  });

  it.each([
    ['is no HTTP', 'canary-input', 400],
    [
      'names two lengths',
      'POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nTransfer-Encoding: chunked',
      400,
    ],
    [
      'has headers without end',
      `GET /graphql HTTP/1.1\r\nHost: a\r\nX-A: ${'canary-input'.repeat(2000)}`,
      431,
    ],
  ])('TR-3 TR-9 answers what %s like all else', async (_name, head, status) => {
    const answer = await overSocket(head);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(answer).toMatch(/\r\nx-content-type-options: nosniff\r\n/);
    expect(answer).toMatch(/\r\ncache-control: no-store\r\n/);
    expect(answer).toMatch(
      /\r\n\r\n\{"errors":\[\{"message":"[^"]+","extensions":\{"code":"[A-Z_]+"\}\}\]\}$/,
    );
    expect(answer).not.toContain('canary');
  });
});

function post(payload: string, type = 'application/json') {
  return { method: 'POST', url: '/graphql', payload, headers: { 'content-type': type } } as const;
}

/** Sends raw bytes and resolves to everything that is returned. */
async function overSocket(head: string): Promise<string> {
  if (!fastify.server.listening) await fastify.listen({ host: '127.0.0.1', port: 0 });
  const address = fastify.server.address();
  if (address === null || typeof address === 'string')
    throw new Error('The server does not listen on a port.');
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(address.port, '127.0.0.1', () =>
      socket.write(`${head}\r\nHost: a\r\nConnection: close\r\n\r\n`),
    );
    socket.setEncoding('utf8');
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    socket.on('end', () => resolve(answer));
    socket.on('error', reject);
  });
}
