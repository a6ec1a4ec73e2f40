import Fastify, { type FastifyInstance } from 'fastify';
import { afterAll, describe, expect, it } from 'vitest';
import { cors } from './cors.ts';
import { errorBody } from './errors.ts';

const opened: FastifyInstance[] = [];
afterAll(() => Promise.all(opened.map((fastify) => fastify.close())));

function openServer(origins: readonly string[]): FastifyInstance {
  const fastify = Fastify();
  opened.push(fastify);
  cors(fastify, { origins });
  errorBody(fastify);
  fastify.route({ method: ['GET', 'POST'], url: '/graphql', handler: async () => ({ data: {} }) });
  fastify.get('/verify', async () => 'ok');
  fastify.get('/.well-known/jwks.json', async () => ({ keys: [] }));
  fastify.get('/.well-known/openid-configuration', async () => ({}));
  return fastify;
}

const preflight = {
  'access-control-request-method': 'POST',
  'access-control-request-headers': 'authorization',
};
const sharing = [
  'access-control-allow-origin',
  'access-control-allow-credentials',
  'access-control-allow-headers',
];

describe('cors', () => {
  const fastify = openServer(['https://app.example.com', 'http://localhost:3000']);

  describe.each([
    'https://evil.example',
    'null',
    'https://app.example.com.evil.example',
    'https://evil.example/https://app.example.com',
    'https://sub.app.example.com',
    'http://app.example.com',
    'https://app.example.com:8443',
    'https://APP.example.com',
    'https://app.example.com/',
    'https://app.example.com,https://evil.example',
    '*',
    '',
  ])('the origin %j', (origin) => {
    it.each(['POST', 'GET', 'OPTIONS'] as const)(
      'TR-4 gets no CORS headers in answer to %s',
      async (method) => {
        const answer = await fastify.inject({
          method,
          url: '/graphql',
          headers: { origin, ...preflight },
          ...bodyOf(method),
        });
        for (const name of sharing) expect(answer.headers).not.toHaveProperty(name);
        expect(answer.headers.vary).toMatch(/\bOrigin\b/);
      },
    );
  });

  it('TR-4 a listed origin may call with credentials, refusals included', async () => {
    const headers = { origin: 'https://app.example.com' };
    const asked = await fastify.inject({
      method: 'OPTIONS',
      url: '/graphql',
      headers: { ...headers, ...preflight },
    });
    expect(asked.statusCode).toBe(204);
    expect(asked.headers).toMatchObject({
      'access-control-allow-origin': 'https://app.example.com',
      'access-control-allow-credentials': 'true',
      'access-control-allow-methods': 'GET, POST',
      'access-control-allow-headers': 'authorization',
      'access-control-max-age': '7200',
      vary: 'Origin, Access-Control-Request-Headers',
    });
    for (const payload of ['{}', '{']) {
      const answer = await fastify.inject({
        method: 'POST',
        url: '/graphql?a=b',
        headers: { ...headers, 'content-type': 'application/json' },
        payload,
      });
      expect(answer.statusCode).toBe(payload === '{}' ? 200 : 400);
      expect(answer.headers).toMatchObject({
        'access-control-allow-origin': 'https://app.example.com',
        'access-control-allow-credentials': 'true',
        'access-control-expose-headers': 'WWW-Authenticate, Retry-After, X-Request-Id',
        vary: 'Origin',
      });
    }
  });

  const usual = 'content-type, authorization, apollo-require-preflight, x-apollo-operation-name';
  const allowedFor = async (asked: string | undefined, origin = 'https://app.example.com') => {
    const { headers } = await fastify.inject({
      method: 'OPTIONS',
      url: '/graphql',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        ...(asked === undefined ? {} : { 'access-control-request-headers': asked }),
      },
    });
    expect(headers.vary).toBe('Origin, Access-Control-Request-Headers');
    return headers['access-control-allow-headers'];
  };

  it.each([
    '*',
    'content-type,*',
    'x-a*',
    'a b',
    'a,,b',
    '',
    'x-a\u00e9',
    '"x"',
    'a;b',
    'a:b',
    'x'.repeat(101),
    Array.from({ length: 65 }, (_, index) => `h${index}`).join(','),
    Array.from({ length: 60 }, (_, index) => `h${index}-${'x'.repeat(40)}`).join(','),
  ])('X-23 does not repeat what is no list of header names: %j', async (asked) => {
    expect(await allowedFor(asked)).toBe(usual);
  });

  it('X-23 allows another origin no header at all', async () => {
    expect(await allowedFor('content-type', 'https://evil.example')).toBeUndefined();
  });

  it.each([
    'content-type',
    'apollographql-client-name,apollographql-client-version,authorization,content-type',
    'baggage,sentry-trace,traceparent,tracestate',
    'apollo-require-preflight, x-apollo-operation-id, x-apollo-operation-name',
    'GraphQL-Operation-Id',
    'x_a.b~c',
    Array.from({ length: 64 }, (_, index) => `h${index}`).join(','),
  ])('X-23 allows a listed origin the headers that it asks for: %s', async (asked) => {
    expect(await allowedFor(asked)).toBe(asked.split(/, ?/).join(', '));
  });

  it('X-23 allows the usual ones where a preflight names none', async () => {
    expect(await allowedFor(undefined)).toBe(usual);
  });

  it('TR-4 a listed origin gets CORS headers at no other path', async () => {
    const headers = { origin: 'https://app.example.com' };
    for (const url of ['/verify', '/nowhere', '/GRAPHQL']) {
      const answer = await fastify.inject({ url, headers });
      for (const name of sharing) expect(answer.headers).not.toHaveProperty(name);
      expect(answer.headers.vary).toBe('Origin');
    }
  });

  it.each(['/.well-known/jwks.json', '/.well-known/openid-configuration'])(
    'TR-4 %s is shared with every origin, without credentials',
    async (url) => {
      for (const origin of ['https://evil.example', 'https://app.example.com', 'null', undefined]) {
        const { headers } = await fastify.inject({
          url,
          ...(origin === undefined ? {} : { headers: { origin } }),
        });
        expect(headers['access-control-allow-origin']).toBe('*');
        expect(headers).not.toHaveProperty('access-control-allow-credentials');
        expect(headers.vary).toBe('Origin');
      }
    },
  );

  it('TR-4 sends no CORS headers when no origin is listed', async () => {
    const { headers } = await openServer([]).inject({
      url: '/graphql',
      headers: { origin: 'http://localhost:3000' },
    });
    for (const name of sharing) expect(headers).not.toHaveProperty(name);
    expect(headers.vary).toBe('Origin');
  });

  it.each([
    'null',
    '*',
    'app.example.com',
    'https://app.example.com/',
    'https://*.example.com',
    'https://a.b/c',
    '',
  ])('TR-4 refuses the entry %j, without quoting it', (entry) => {
    const refusal = () => cors(Fastify(), { origins: ['https://ok.example', entry] });
    expect(refusal).toThrow('CORS_ORIGINS: entry 2 is not an origin like https://app.example.com.');
  });
});

function bodyOf(method: string) {
  return method === 'POST' ? { payload: {} } : {};
}
