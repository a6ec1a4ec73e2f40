import { once } from 'node:events';
import { createRequire } from 'node:module';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { accessDirectives, enforceScopes } from '@latchkey/verify/graphql';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  accessCallers,
  accessMatrix,
  accessResolvers,
  accessTypes,
  decideInMatrix,
} from '../../src/testing/access-matrix.ts';
import { type Administrator, makeAdministrator } from '../../src/testing/administrators.ts';
import { startTestServer, type TestServer } from '../../src/testing/app.ts';
import { send } from '../../src/testing/client.ts';
import { freePort } from '../../src/testing/free-port.ts';
import { type Person, registerPerson } from '../../src/testing/people.ts';
import { ageProof, setRoles } from '../../src/testing/rows.ts';

// `npm ci --prefix examples/backends`; without that the tests are skipped.
const there = (() => {
  try {
    return createRequire(import.meta.url).resolve('graphql-yoga') !== '';
  } catch {
    return false;
  }
})();

let latchkey: TestServer;
beforeAll(async () => {
  const port = await freePort();
  const publicUrl = `http://localhost:${port}`;
  const jwt = { algorithm: 'RS256', audience: publicUrl, type: 'JWT' } as const;
  latchkey = await startTestServer({ config: { publicUrl, port, jwt, host: 'localhost' } });
  vi.stubEnv('AUTH_URL', publicUrl);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await latchkey.stop();
});

/** A person with these roles in the token. */
async function personWith(...roles: string[]): Promise<Person> {
  const person = await registerPerson(latchkey);
  await setRoles(latchkey, person.id, roles);
  return refreshed(person);
}

async function refreshed(person: Person): Promise<Person> {
  const { refreshToken } = person;
  const { accessToken } = await latchkey.mutate('refreshSession', { refreshToken });
  return { ...person, accessToken };
}

const servers: [string, () => Promise<() => Promise<unknown>>][] = [
  [
    'Apollo Server',
    async () => {
      const { server } = await import('./apollo.ts');
      return () => server.stop();
    },
  ],
  [
    'Yoga',
    async () => {
      const { server } = await import('./yoga.ts');
      if (!server.listening) await once(server, 'listening');
      return async () => {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      };
    },
  ],
];

describe.skipIf(!there).each(servers)('a graph with %s', (_name, start) => {
  let url: string;
  let stop: () => Promise<unknown>;
  let ada: Person;
  let clerk: Person;
  let owner: Person;
  let admin: Administrator;
  beforeAll(async () => {
    const port = String(await freePort());
    vi.stubEnv('PORT', port);
    url = `http://localhost:${port}`;
    stop = await start();
    [ada, clerk, owner] = [
      await personWith(),
      await personWith('clerk'),
      await personWith('owner'),
    ];
    admin = await makeAdministrator(latchkey);
  });
  afterAll(() => stop());

  /** The data, and the codes by path. */
  const ask = async (query: string, person?: Person) => {
    const { data, errors } = await send(url, query, {}, { token: person?.accessToken });
    const codes = errors.map(({ path, extensions }) => [path?.join('.'), extensions.code]);
    return { data, refused: Object.fromEntries(codes) };
  };

  it('refuses what takes a caller, a scope or a policy', async () => {
    expect(await ask('{ whoami orders { id } revenue }')).toEqual({
      data: { whoami: null, orders: null, revenue: null },
      refused: { orders: 'UNAUTHENTICATED', revenue: 'UNAUTHENTICATED' },
    });
    expect(await ask('{ whoami orders { id total } revenue }', ada)).toEqual({
      data: { whoami: ada.id, orders: [{ id: '1', total: null }], revenue: null },
      refused: { 'orders.0.total': 'FORBIDDEN', revenue: 'FORBIDDEN' },
    });
    expect(await ask('{ orders { total } revenue }', clerk)).toEqual({
      data: { orders: [{ total: 42 }], revenue: null },
      refused: { revenue: 'FORBIDDEN' },
    });
    expect(await ask('mutation { refund(order: 1) }', owner)).toEqual({
      data: { refund: null },
      refused: { refund: 'FORBIDDEN' },
    });
  });

  it('asks for a step-up where the proof is old', async () => {
    const query = 'mutation { closeShop }';
    expect((await ask(query, await aged())).refused).toEqual({
      closeShop: 'STEP_UP_REQUIRED',
    });
    expect((await ask(query)).refused).toEqual({ closeShop: 'UNAUTHENTICATED' });
    expect(await ask(query, ada)).toEqual({ data: { closeShop: true }, refused: {} });
  });

  async function aged(): Promise<Person> {
    const person = await registerPerson(latchkey);
    await ageProof(latchkey, person.sessionId, 600);
    return refreshed(person);
  }

  it('answers who may', async () => {
    expect(await ask('{ orders { total } revenue }', owner)).toEqual({
      data: { orders: [{ total: 42 }], revenue: 42 },
      refused: {},
    });
    expect(await ask('mutation { refund(order: 1) }', admin)).toEqual({
      data: { refund: true },
      refused: {},
    });
  });
});

describe.skipIf(!there)('Yoga refuses the same fields as every other server', () => {
  const ran: string[] = [];

  it('for five callers', async () => {
    const { createYoga } = await import('graphql-yoga');
    const schema = makeExecutableSchema({
      typeDefs: [accessDirectives, accessTypes],
      resolvers: accessResolvers(ran),
    });
    enforceScopes<{ request: Request }>(schema, {
      callerOf: ({ request }) => accessCallers[request.headers.get('x-caller') ?? ''],
      decide: decideInMatrix,
    });
    const yoga = createYoga({ schema, logging: false });
    for (const [query, cells, refusedAt] of accessMatrix) {
      for (const [index, name] of Object.keys(accessCallers).entries()) {
        ran.length = 0;
        const response = await yoga.fetch('http://localhost/graphql', {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'x-caller': name },
          body: JSON.stringify({ query }),
        });
        const { errors = [] } = await response.json();
        const found = errors.map(({ extensions, path }: (typeof errors)[number]) => [
          extensions.code,
          path.join('.'),
        ]);
        const cell = cells[index];
        expect([query, name, found]).toEqual([
          query,
          name,
          cell === 'ok' ? [] : [[cell, refusedAt]],
        ]);
        if (cell !== 'ok' && !refusedAt.includes('.')) expect(ran).toEqual([]);
      }
    }
  });
});
