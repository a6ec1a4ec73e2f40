import { readFileSync } from 'node:fs';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterAll, describe, expect, it } from 'vitest';
import { cors } from './cors.ts';
import { errorBody, errorOptions } from './errors.ts';
import { securityHeaders } from './headers.ts';

const opened: FastifyInstance[] = [];
afterAll(() => Promise.all(opened.map((fastify) => fastify.close())));

function openServer(publicUrl: string): FastifyInstance {
  const fastify = Fastify(errorOptions({ publicUrl }));
  opened.push(fastify);
  securityHeaders(fastify, { publicUrl });
  cors(fastify, { origins: ['https://app.example.com'] });
  errorBody(fastify);
  fastify.post('/graphql', async () => ({ data: { me: null } }));
  fastify.get('/broken', async () => {
    throw new Error('a secret');
  });
  fastify.get('/.well-known/jwks.json', (_request, reply) =>
    reply.header('Cache-Control', 'public, max-age=300').send({ keys: [] }),
  );
  fastify.get('/page', (_request, reply) =>
    reply.type('text/html').header('Content-Security-Policy', "default-src 'self'").send('<p>'),
  );
  return fastify;
}

const everyAnswer = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
  'strict-transport-security': 'max-age=63072000; includeSubDomains',
};

describe('securityHeaders', () => {
  const fastify = openServer('https://auth.example.com');

  it.each([
    ['an answer of /graphql', { method: 'POST', url: '/graphql', payload: {} }, 200],
    ['a body that is no JSON', { method: 'POST', url: '/graphql', ...json('{') }, 400],
    [
      'a body of another kind',
      { method: 'POST', url: '/graphql', ...json('<a/>', 'text/xml') },
      415,
    ],
    ['a method not taken', { method: 'PUT', url: '/graphql', payload: {} }, 405],
    ['no such address', { method: 'GET', url: '/nowhere' }, 404],
    ['a fault of ours', { method: 'GET', url: '/broken' }, 500],
    ['a target that cannot be decoded', { method: 'GET', url: '/%zz' }, 400],
    [
      'a preflight',
      {
        method: 'OPTIONS',
        url: '/graphql',
        headers: { origin: 'https://app.example.com', 'access-control-request-method': 'POST' },
      },
      204,
    ],
  ] as const)('TR-3 puts every header on %s', async (_name, request, status) => {
    const answer = await fastify.inject(request);
    expect(answer.statusCode).toBe(status);
    expect(answer.headers).toMatchObject(everyAnswer);
    expect(answer.headers).not.toHaveProperty('x-powered-by');
    expect(answer.headers).not.toHaveProperty('server');
  });

  it('TR-3 allows the key set to be cached and read from other origins', async () => {
    const { headers } = await fastify.inject('/.well-known/jwks.json');
    expect(headers).toMatchObject({
      ...everyAnswer,
      'cache-control': 'public, max-age=300',
      'cross-origin-resource-policy': 'cross-origin',
    });
  });

  it('TR-3 keeps a policy that a route has set', async () => {
    const { headers } = await fastify.inject('/page');
    expect(headers).toMatchObject({
      ...everyAnswer,
      'content-security-policy': "default-src 'self'",
    });
  });

  it('sends no HSTS over http', async () => {
    const { headers } = await openServer('http://localhost:4000').inject('/nowhere');
    expect(headers).not.toHaveProperty('strict-transport-security');
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff' });
  });
});

function json(payload: string, type = 'application/json') {
  return { payload, headers: { 'content-type': type } };
}

describe('the surroundings of a mailed link', () => {
  const read = (path: string): string =>
    readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');

  it('EM-7 SPF, DKIM, DMARC and the page’s duties for its URL are documented', () => {
    const operations = read('docs/operations.md');
    for (const needed of [
      '**SPF**',
      '**DKIM**',
      '**DMARC**',
      'history.replaceState',
      'Referrer-Policy: no-referrer',
    ]) {
      expect(operations).toContain(needed);
    }
  });

  it('EM-7 the pages of the example apps take the token out of the address bar', () => {
    expect(read('examples/pages/link-form.tsx')).toContain('takeLinkToken()');
    expect(read('packages/client/src/link.ts')).toContain('history.replaceState(');
  });
});
