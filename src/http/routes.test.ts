import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../testing/app.ts';
import { pages } from './pages/account/pages.ts';

/**
 * The routes that need no credential. Reviewed: a route that is neither here nor below fails this
 * test.
 */
const publicRoutes: readonly string[] = [
  // The API checks access at each root field: graphql/access.test.ts.
  'GET /graphql',
  'POST /graphql',
  'GET /.well-known/jwks.json',
  'GET /.well-known/openid-configuration',
  'GET /livez',
  'GET /readyz',
  // In production it leads to the account pages.
  'GET /',
  // It leads to the page without the slash.
  'GET /account/',
  // The account pages' answer for a path that is none.
  'GET /account/*',
];
/** The account pages that are there for people who are not signed in; every other asks them to. */
const publicPages: ReadonlySet<string> = new Set([
  'sign-in',
  'register',
  'code',
  'verify',
  'forgot-password',
  'reset-password',
  'undo-email-change',
  'sign-out',
  'signed-in',
]);
const getOnly = ['GET'] as const;
const pageRoutes = pages.flatMap(({ path, forms, completesIdentity }) => {
  const url = path === '' ? '/account' : `/account/${path}`;
  // What a provider's answer leads to is completed as it arrives, and has no form to send.
  return [`GET ${url}`, ...(forms === undefined || completesIdentity ? [] : [`POST ${url}`])];
});
/** Development only: these do not exist in production. */
const developmentRoutes: readonly string[] = [
  'GET /dev/mailbox',
  'GET /dev/mailbox.js',
  'GET /dev/mailbox.json',
  'GET /dev/mailbox/:id',
  'GET /dev/mailbox/:id/html',
  'GET /dev/tools.css',
];
/** Each refuses a caller without a credential, with this status. */
const closedRoutes: Readonly<Record<string, number>> = {
  'GET /verify': 401,
  ...Object.fromEntries(
    ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].map((method) => [
      `${method} /verify/*`,
      401,
    ]),
  ),
  'POST /oauth/introspect': 401,
  'POST /oauth/revoke': 401,
};

/** Called by Fastify for every instance, before its first route is added. */
const made = 'fastify.initialization';

/** Runs the work and returns every route that was added meanwhile, by any plugin. */
async function routesAddedBy<T>(work: () => Promise<T>): Promise<{ result: T; routes: string[] }> {
  const routes: string[] = [];
  const watch = (message: unknown): void => {
    const { fastify } = message as { fastify: FastifyInstance };
    fastify.addHook('onRoute', ({ method, url }) => {
      for (const name of [method].flat()) routes.push(`${name} ${url}`);
    });
  };
  subscribe(made, watch);
  try {
    return { result: await work(), routes };
  } finally {
    unsubscribe(made, watch);
  }
}

describe.each(['development', 'production'] as const)('the routes in %s', (mode) => {
  let server: TestServer;
  let found: string[];
  beforeAll(async () => {
    const start = () =>
      startTestServer({ config: { mode, gatewayToken: 'gateway-token-of-this-test' } });
    const { result, routes } = await routesAddedBy(start);
    server = result;
    // HEAD comes with GET, and OPTIONS with CORS.
    found = routes.filter(
      (route) =>
        !route.startsWith('HEAD ') &&
        route !== 'OPTIONS *' &&
        // Style sheet, script and icon, the same for everyone.
        !/^GET \/account\/assets\/[0-9a-f]{12}\.(?:css|js|svg)$/.test(route),
    );
  });
  afterAll(() => server.stop());

  it('AZ-1 CF-5 are all on a reviewed list: public, protected, or development', () => {
    const expected = [
      ...publicRoutes,
      ...pageRoutes,
      ...Object.keys(closedRoutes),
      ...(mode === 'development' ? developmentRoutes : []),
    ];
    expect(found.sort()).toEqual(expected.sort());
  });

  it('AZ-1 refuse a missing, bad or foreign credential, unless they are public', async () => {
    for (const [route, status] of Object.entries(closedRoutes)) {
      const [method = '', path = ''] = route.split(' ');
      for (const headers of [
        {},
        { authorization: '' },
        { authorization: 'Bearer a.b.c' },
        { authorization: 'Basic dXNlcjpwYXNz' },
        { 'x-gateway-token': 'gateway-token-of-this-test' },
      ]) {
        const response = await fetch(`${server.url}${path.replace('*', 'x')}`, { method, headers });
        expect.soft(response.status, `${route} ${JSON.stringify(headers)}`).toBe(status);
        expect.soft(response.headers.get('www-authenticate'), route).toBeTruthy();
      }
    }
  });

  it('AZ-1 the account pages lead a stranger to the sign-in, unless they are public', async () => {
    for (const { path, forms } of pages) {
      if (publicPages.has(path)) continue;
      const headers = { host: 'localhost:4000', origin: 'http://localhost:4000' };
      for (const method of forms === undefined ? getOnly : (['GET', 'POST'] as const)) {
        const url = `/account/${path}`.replace(/\/$/, '');
        const { statusCode, headers: sent } = await server.server.fastify.inject({
          method,
          url,
          headers,
        });
        expect.soft(statusCode, `${method} ${url}`).toBe(303);
        expect.soft(sent.location, `${method} ${url}`).toMatch(/^\/account\/sign-in\?/);
      }
    }
  });

  it('CF-5 development routes do not exist in production, in any spelling', async () => {
    for (const path of [
      '/dev/mailbox',
      '/dev/mailbox.json',
      '/DEV/MAILBOX',
      '/dev//mailbox',
      '/dev/mailbox/',
      '/%64ev/mailbox',
      '/dev/../dev/mailbox',
      '/metrics',
      '/.env',
      '/.git/HEAD',
    ]) {
      const response = await fetch(`${server.url}${path}`);
      const exists =
        mode === 'development' &&
        /^\/(dev|%64ev)\/mailbox(\.json)?$|^\/dev\/\.\.\/dev\/mailbox$/.test(path);
      expect.soft(response.status, path).toBe(exists ? 200 : 404);
    }
  });
});

it('AZ-1 the test itself sees every route of every plugin', async () => {
  const { result, routes } = await routesAddedBy(async () => {
    const fastify = Fastify();
    fastify.get('/a', () => '');
    fastify.register(async (scope) => {
      scope.post('/a/b', () => '');
      await scope.register(
        async (inner) =>
          void inner.route({ method: ['PUT', 'DELETE'], url: '/c/*', handler: () => '' }),
      );
    });
    await fastify.ready();
    return fastify;
  });
  expect(routes.sort()).toEqual(['DELETE /c/*', 'GET /a', 'HEAD /a', 'POST /a/b', 'PUT /c/*']);
  await result.close();
});
