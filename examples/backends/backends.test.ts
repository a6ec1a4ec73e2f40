import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { tsc } from '../../scripts/tsc.mjs';
import { type Administrator, makeAdministrator } from '../../src/testing/administrators.ts';
import { startTestServer, type TestServer } from '../../src/testing/app.ts';
import { freePort } from '../../src/testing/free-port.ts';
import { type Person, registerPerson } from '../../src/testing/people.ts';
import { ageProof, setRoles } from '../../src/testing/rows.ts';

// `npm ci --prefix examples/backends`; without that the tests are skipped.
const there = (() => {
  try {
    return createRequire(import.meta.url).resolve('hono') !== '';
  } catch {
    return false;
  }
})();

type Ask = (method: string, path: string, authorization?: string) => Promise<Response>;
type Running = { readonly ask: Ask; stop(): Promise<unknown> };

let latchkey: TestServer;
let ada: Person;
let admin: Administrator;
/** The administrator with a password alone. */
let half: Person;
beforeAll(async () => {
  const port = await freePort();
  const publicUrl = `http://localhost:${port}`;
  const jwt = { algorithm: 'RS256', audience: publicUrl, type: 'JWT' } as const;
  latchkey = await startTestServer({ config: { publicUrl, port, jwt, host: 'localhost' } });
  [ada, admin, half] = [
    await registerPerson(latchkey),
    await makeAdministrator(latchkey),
    await registerPerson(latchkey),
  ];
  await setRoles(latchkey, half.id, ['admin']);
  half = await refreshed(half);
  vi.stubEnv('AUTH_URL', publicUrl);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await latchkey.stop();
});

async function refreshed(person: Person): Promise<Person> {
  const { accessToken, refreshToken } = await latchkey.mutate('refreshSession', {
    refreshToken: person.refreshToken,
  });
  return { ...person, accessToken, refreshToken };
}

const over =
  (url: string): Ask =>
  (method, path, authorization) =>
    fetch(new URL(path, url), { method, headers: authorization ? { authorization } : {} });

async function onFreePort(): Promise<string> {
  const port = String(await freePort());
  vi.stubEnv('PORT', port);
  return `http://localhost:${port}`;
}

async function startExpress(): Promise<Running> {
  const url = await onFreePort();
  vi.resetModules();
  const { server } = await import('./express.ts');
  if (!server.listening) await once(server, 'listening');
  const stop = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { ask: over(url), stop };
}

const backends: [string, () => Promise<Running>][] = [
  ['Express 5', startExpress],
  [
    'Express 4',
    async () => {
      vi.doMock('express', async () => await import('express4'));
      return startExpress().finally(() => vi.doUnmock('express'));
    },
  ],
  [
    'Fastify',
    async () => {
      const url = await onFreePort();
      const { fastify } = await import('./fastify.ts');
      return { ask: over(url), stop: () => fastify.close() };
    },
  ],
  ['Hono', async () => fetching((await import('./hono.ts')).default)],
  ['the edge', async () => fetching((await import('./edge.ts')).default)],
];

function fetching(app: { fetch(request: Request): Response | Promise<Response> }): Running {
  const ask: Ask = async (method, path, authorization) =>
    app.fetch(
      new Request(new URL(path, 'http://localhost'), {
        method,
        headers: authorization ? { authorization } : {},
      }),
    );
  return { ask, stop: async () => {} };
}

describe.skipIf(!there).each(backends)('a backend with %s', (_name, start) => {
  let backend: Running;
  beforeAll(async () => {
    backend = await start();
  });
  afterAll(() => backend.stop());

  const ask = async (method: string, path: string, person?: Person | string) => {
    const token = typeof person === 'object' ? `Bearer ${person.accessToken}` : person;
    const answer = await backend.ask(method, path, token);
    return {
      status: answer.status,
      challenge: answer.headers.get('www-authenticate'),
      body: await answer.json(),
    };
  };

  it('refuses an invalid bearer token, also where none is needed', async () => {
    for (const path of ['/me', '/orders', '/admin'])
      expect(await ask('GET', path, 'Bearer nonsense')).toEqual({
        status: 401,
        challenge: 'Bearer error="invalid_token"',
        body: {
          error: {
            code: 'UNAUTHENTICATED',
            message: 'A valid access token is required.',
            reason: 'TOKEN_INVALID',
          },
        },
      });
  });

  it('refuses anonymous requests where a guard stands, and only there', async () => {
    for (const [method, path] of [
      ['GET', '/orders'],
      ['GET', '/admin'],
      ['DELETE', '/shop'],
    ] as const)
      expect(await ask(method, path)).toMatchObject({
        status: 401,
        challenge: 'Bearer realm="latchkey"',
        body: { error: { code: 'UNAUTHENTICATED', reason: 'TOKEN_MISSING' } },
      });
    expect(await ask('GET', '/me')).toMatchObject({ status: 200, body: { id: null } });
  });

  it('refuses callers without the role with 403, without the factor with a step-up', async () => {
    expect(await ask('GET', '/admin', ada)).toMatchObject({
      status: 403,
      challenge: 'Bearer error="insufficient_scope"',
      body: { error: { code: 'FORBIDDEN', reason: 'ROLE_MISSING' } },
    });
    expect(await ask('GET', '/admin', half)).toMatchObject({
      status: 401,
      challenge: 'Bearer error="insufficient_user_authentication", acr_values="mfa"',
      body: { error: { code: 'STEP_UP_REQUIRED', reason: 'FACTOR_MISSING', factor: 'mfa' } },
    });
  });

  it('refuses an old proof of who asks until there is a new one', async () => {
    const bob = await registerPerson(latchkey);
    await ageProof(latchkey, bob.sessionId, 600);
    const old = await refreshed(bob);
    expect(await ask('DELETE', '/shop', old)).toEqual({
      status: 401,
      challenge: 'Bearer error="insufficient_user_authentication", max_age="300"',
      body: {
        error: {
          code: 'STEP_UP_REQUIRED',
          reason: 'AUTHENTICATION_TOO_OLD',
          message: 'Prove again who you are, then repeat the request.',
          maxAge: 300,
        },
      },
    });
    const proof = { password: bob.password };
    const { accessToken } = await latchkey.mutate('reauthenticate', proof, {
      token: old.accessToken,
    });
    expect(await ask('DELETE', '/shop', `Bearer ${accessToken}`)).toMatchObject({
      status: 200,
      body: { deleted: true },
    });
  });

  it('lets in who may', async () => {
    expect((await ask('GET', '/me', ada)).body).toEqual({ id: ada.id });
    expect((await ask('GET', '/orders', ada)).body).toEqual({ ordersOf: ada.id });
    expect((await ask('GET', '/admin', admin)).body).toEqual({ welcome: true });
  });
});

describe.skipIf(!there)('the files', () => {
  it('compile', () => {
    const options = ['--noEmit', '-p', 'examples/backends'];
    const { status, stdout } = spawnSync(process.execPath, [tsc, ...options], { encoding: 'utf8' });
    expect([status, stdout]).toEqual([0, '']);
  });
});
