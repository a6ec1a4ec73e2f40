import { randomUUID } from 'node:crypto';
import { buildSchema, parse } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { putMetadata } from '../db/queries/user-metadata.ts';
import { type GatewayUserField, gatewayUserFields } from '../domain/users/gateway-user-fields.ts';
import { startTestServer, type TestServer } from '../testing/app.ts';
import { enrolTotp, signInWithApp } from '../testing/authenticator.ts';
import { type CountingDatabase, createCountingDatabase } from '../testing/counting-database.ts';
import { type Person, registerPerson } from '../testing/people.ts';
import { deleteUser, setRoles } from '../testing/rows.ts';

const gatewayToken = 'the-gateway-of-the-tests-shows-this-token';
const gateway = { headers: { 'x-gateway-token': gatewayToken } };
const entities =
  `query Q($representations: [_Any!]!) { ` +
  `_entities(representations: $representations) { ... on User { id email name status } } }`;
const byIds = 'query Q($ids: [ID!]!) { usersByIds(ids: $ids) { id email name status } }';
const user = (id: unknown) => ({ __typename: 'User', id });

let database: CountingDatabase;
let server: TestServer;
let ada: Person;
let bob: Person;

beforeAll(async () => {
  database = await createCountingDatabase();
  server = await startTestServer({ database, config: { gatewayToken } });
  ada = await registerPerson(server, { name: 'Ada' });
  bob = await registerPerson(server, { name: 'Bob' });
});
afterAll(async () => {
  await server.stop();
  await database.drop();
});

describe('the gateway fields', () => {
  const machine = [
    ['_entities', entities, { representations: [] }],
    ['usersByIds', byIds, { ids: [] }],
    ['_service', '{ _service { sdl } }', {}],
    ['_sdl', '{ _sdl }', {}],
  ] as const;

  it.each(machine)(
    'AZ-1 %s refuses a caller without a credential, one with a wrong one, and a signed-in one',
    async (name, query, variables) => {
      for (const headers of [
        {},
        { 'x-gateway-token': '' },
        { 'x-gateway-token': `${gatewayToken}x` },
        { authorization: '' },
      ]) {
        const answer = await server.send(query, variables, { headers });
        expect(answer.errors[0]?.extensions).toMatchObject({
          code: 'UNAUTHENTICATED',
          reason: 'TOKEN_MISSING',
        });
        expect(answer.data?.[name] ?? null).toBeNull();
      }
      const signedIn = await server.send(query, variables, { token: ada.accessToken });
      expect(signedIn.errors[0]?.extensions).toMatchObject({ code: 'FORBIDDEN' });
      const bearer = await server.send(query, variables, { token: gatewayToken });
      expect(bearer.errors[0]?.extensions).toMatchObject({
        code: 'UNAUTHENTICATED',
        reason: 'TOKEN_INVALID',
      });
    },
  );

  it.each(machine)(
    'AZ-1 %s refuses every credential when GATEWAY_TOKEN is not set',
    async (_name, query, variables) => {
      const without = await server.another({ gatewayToken: null });
      for (const shown of ['', 'null', gatewayToken]) {
        const answer = await without.send(query, variables, {
          headers: { 'x-gateway-token': shown },
        });
        expect(answer.errors[0]?.extensions).toMatchObject({ code: 'UNAUTHENTICATED' });
      }
      await without.stop();
    },
  );

  it.each(machine)(
    '%s answers the gateway, and fails for a stale bearer token that it forwards',
    async (name, query, variables) => {
      const answer = await server.send(query, variables, gateway);
      expect(answer).toMatchObject({ status: 200, errors: [] });
      expect(answer.data[name]).toBeDefined();
      const stale = await server.send(query, variables, { ...gateway, token: 'stale' });
      expect(stale.status).toBe(401);
    },
  );

  it('open nothing else to the gateway: it is no user', async () => {
    const answer = await server.send('{ me { id } }', {}, gateway);
    expect(answer.data).toEqual({ me: null });
  });

  it('usersByIds takes a hundred and no more', async () => {
    const ids = Array.from({ length: 100 }, () => randomUUID());
    const full = await server.send(byIds, { ids }, gateway);
    expect(full.data.usersByIds).toEqual(ids.map(() => null));
    const before = database.userReads();
    const over = await server.send(byIds, { ids: [...ids, ada.id] }, gateway);
    expect(over.errors[0]?.extensions).toMatchObject({
      code: 'BAD_USER_INPUT',
      fields: [{ path: 'ids', code: 'TOO_LONG' }],
    });
    expect(database.userReads()).toBe(before);
  });
});

describe('X-9 _entities', () => {
  const malformed: [string, unknown][] = [
    ['another type', { __typename: 'AuthSession', id: randomUUID() }],
    ['the type in other letters', { __typename: 'user', id: randomUUID() }],
    ['a type that is not text', { __typename: ['User'], id: randomUUID() }],
    ['no type', { id: randomUUID() }],
    ['no id', { __typename: 'User' }],
    ['an id of null', user(null)],
    ['an id that is a number', user(1)],
    ['an id that is an object', user({ $ne: null })],
    ['an id that is a list', user([randomUUID()])],
    ['an id that is no UUID', user("' or 1=1 --")],
    ['an id with a zero byte', user('\0')],
    ['an id of 10 kB', user('x'.repeat(10_240))],
    ['text', 'User'],
    ['a number', 7],
    ['a list', [user(randomUUID())]],
    ['an empty object', {}],
    ['a member of a prototype', { constructor: 'User', id: randomUUID() }],
  ];

  it.each(malformed)('answers null for %s and the rows beside it', async (_title, wrong) => {
    const representations = [wrong, user(ada.id), wrong, user(bob.id)];
    const answer = await server.send(entities, { representations }, gateway);
    expect(answer).toMatchObject({ status: 200, errors: [] });
    expect(answer.data._entities).toMatchObject([null, { id: ada.id }, null, { id: bob.id }]);
  });

  it('reads no prototype from a representation that stands in the document', async () => {
    const inDocument = `{ _entities(representations: [
      { __proto__: { __typename: "User", id: "${ada.id}" } }, { __typename: "User", id: 7 },
      { __typename: "User", id: "${bob.id}" }
    ]) { ... on User { id } } }`;
    const answer = await server.send(inDocument, {}, gateway);
    expect(answer).toMatchObject({
      errors: [],
      data: { _entities: [null, null, { id: bob.id }] },
    });
  });

  it.each([101, 250, 900])('answers a page of %i in its order, in batches', async (length) => {
    const ids: string[] = Array.from({ length }, () => randomUUID());
    ids[0] = bob.id;
    ids[Math.floor(length / 2)] = ada.id;
    ids[length - 1] = bob.id;
    const before = database.userReads();
    const answer = await server.send(entities, { representations: ids.map(user) }, gateway);
    expect(answer).toMatchObject({ status: 200, errors: [] });
    const rows: ({ id: string } | null)[] = answer.data._entities;
    expect(rows.map((row) => row?.id ?? null)).toEqual(
      ids.map((id) => (id === ada.id || id === bob.id ? id : null)),
    );
    const unique = new Set(ids).size;
    expect(database.userReads() - before).toBe(Math.ceil(unique / 100));
  });

  it('refuses what the body cannot hold, as any request', async () => {
    const representations = Array.from({ length: 1200 }, () => user(randomUUID()));
    const answer = await server.send(entities, { representations }, gateway);
    expect(answer.status).toBe(413);
  });
});

describe('rows', () => {
  it('come in order, duplicates too, null for unknown users', async () => {
    const ids = [bob.id, randomUUID(), ada.id, bob.id, 'no id at all', ''];
    const expected = [{ id: bob.id }, null, { id: ada.id }, { id: bob.id }, null, null];
    const answer = await server.send(byIds, { ids }, gateway);
    expect(answer.errors).toEqual([]);
    expect(answer.data.usersByIds).toMatchObject(expected);
    const federated = await server.send(entities, { representations: ids.map(user) }, gateway);
    expect(federated.errors).toEqual([]);
    expect(federated.data._entities).toMatchObject(expected);
  });

  it('four references are one batch and one statement, for either field', async () => {
    const before = database.userReads();
    const query = `query Q($a: [_Any!]!, $b: [ID!]!) {
      _entities(representations: $a) { ... on User { id } } usersByIds(ids: $b) { id }
    }`;
    const answer = await server.send(
      query,
      { a: [ada.id, bob.id, ada.id, randomUUID()].map(user), b: [bob.id, ada.id] },
      gateway,
    );
    expect(answer.data._entities).toHaveLength(4);
    expect(answer.data.usersByIds).toEqual([{ id: bob.id }, { id: ada.id }]);
    expect(database.userReads() - before).toBe(1);
  });

  it('AZ-6 X-8 show a gateway, and the user it acts for, what each may see', async () => {
    const forGateway = await server.send(byIds, { ids: [ada.id, bob.id] }, gateway);
    expect(forGateway.data.usersByIds).toEqual([
      { id: ada.id, email: null, name: 'Ada', status: null },
      { id: bob.id, email: null, name: 'Bob', status: null },
    ]);
    const forAda = await server.send(
      byIds,
      { ids: [ada.id, bob.id] },
      { ...gateway, token: ada.accessToken },
    );
    expect(forAda.data.usersByIds).toEqual([
      { id: ada.id, email: ada.email, name: 'Ada', status: 'ACTIVE' },
      { id: bob.id, email: null, name: 'Bob', status: null },
    ]);
  });

  it('AZ-6 show an admin with a second factor everything', async () => {
    const person = await registerPerson(server);
    const { phone } = await enrolTotp(server, person);
    await setRoles(server, person.id, ['admin']);
    const admin = await signInWithApp(server, person, phone);
    for (const sender of [{ token: admin.accessToken }, { ...gateway, token: admin.accessToken }]) {
      const answer = await server.send(byIds, { ids: [bob.id] }, sender);
      expect(answer.data.usersByIds).toMatchObject([{ email: bob.email, status: 'ACTIVE' }]);
    }
  });

  it('AZ-4 show an admin without a second factor no more than any other user', async () => {
    const admin = await registerPerson(server);
    await setRoles(server, admin.id, ['admin']);
    const refused = await server.send(byIds, { ids: [bob.id] }, { token: admin.accessToken });
    expect(refused.errors[0]?.extensions).toMatchObject({ code: 'FORBIDDEN' });
    const { data } = await server.send(
      byIds,
      { ids: [bob.id] },
      { ...gateway, token: admin.accessToken },
    );
    expect(data.usersByIds).toMatchObject([{ email: null, name: 'Bob', status: null }]);
  });

  it('are null for a user who has been deleted', async () => {
    const person = await registerPerson(server);
    await deleteUser(server, person.id);
    const answer = await server.send(
      entities,
      { representations: [user(person.id), user(bob.id)] },
      gateway,
    );
    expect(answer).toMatchObject({ errors: [], data: { _entities: [null, { id: bob.id }] } });
  });
});

describe('X-8 what GATEWAY_TOKEN alone sees of a user', () => {
  /** Read at each request, so that one server serves the whole table. */
  const opened: GatewayUserField[] = [];
  let other: TestServer;
  beforeAll(async () => {
    other = await server.another({ gatewayUserFields: opened });
    const objects = { publicMetadata: { plan: 'gold' }, adminMetadata: { note: 'late payer' } };
    await putMetadata(server.app.db, { userId: bob.id, objects });
  });
  afterAll(() => other.stop());

  const fields =
    'id name email emailVerified roles createdAt status lastLoginAt totpEnabled __typename ' +
    'publicMetadata adminMetadata';
  const ways = [
    [
      '_entities',
      `query Q($a: [_Any!]!) { _entities(representations: $a) { ... on User { ${fields} } } }`,
      (ids: string[]) => ({ a: ids.map(user) }),
    ],
    [
      'usersByIds',
      `query Q($a: [ID!]!) { usersByIds(ids: $a) { ${fields} } }`,
      (ids: string[]) => ({ a: ids }),
    ],
    [
      'usersByIds by an alias and a fragment',
      `query Q($a: [ID!]!) { usersByIds: usersByIds(ids: $a) { ...F } }
       fragment F on User { ${fields} }`,
      (ids: string[]) => ({ a: ids }),
    ],
  ] as const;
  const closed = {
    __typename: 'User',
    email: null,
    emailVerified: null,
    roles: null,
    createdAt: null,
    publicMetadata: null,
    adminMetadata: null,
    status: null,
    lastLoginAt: null,
    totpEnabled: null,
  };
  const sets: GatewayUserField[][] = [
    [],
    ['email'],
    ['emailVerified'],
    ['roles'],
    ['createdAt'],
    ['publicMetadata'],
    ['adminMetadata'],
    ['roles', 'email'],
    [...gatewayUserFields],
  ];
  const table = ways.flatMap(([way, query, variables]) =>
    sets.map((set) => [way, set.join(', ') || 'nothing', query, variables, set] as const),
  );

  it.each(table)('by %s, with %s opened', async (way, _title, query, variables, set) => {
    opened.splice(0, opened.length, ...set);
    const name = way.startsWith('_entities') ? '_entities' : 'usersByIds';
    const values = {
      email: bob.email,
      emailVerified: true,
      roles: [],
      createdAt: expect.any(String),
      publicMetadata: { plan: 'gold' },
      adminMetadata: { note: 'late payer' },
    };
    const seen = Object.fromEntries(set.map((field) => [field, values[field]]));
    const asGateway = await other.send(query, variables([bob.id, ada.id]), gateway);
    expect(asGateway.errors).toEqual([]);
    expect(asGateway.data[name][0]).toEqual({ ...closed, id: bob.id, name: 'Bob', ...seen });
    // To a forwarded user no less is shown of others, and everything of their own.
    const asAda = await other.send(query, variables([bob.id, ada.id]), {
      ...gateway,
      token: ada.accessToken,
    });
    expect(asAda.data[name][0]).toEqual(asGateway.data[name][0]);
    const own = { ...values, email: ada.email, publicMetadata: {}, adminMetadata: null };
    expect(asAda.data[name][1]).toMatchObject({ ...own, status: 'ACTIVE' });
  });

  it('by introspection and /verify, is no field of a user whatever is opened', async () => {
    opened.splice(0, opened.length, ...gatewayUserFields);
    const asked = await fetch(`${other.url}/oauth/introspect`, {
      method: 'POST',
      headers: { authorization: `Bearer ${gatewayToken}` },
      body: new URLSearchParams({ token: bob.accessToken }),
    });
    const answer = await asked.text();
    expect(JSON.parse(answer)).toMatchObject({ active: true, sub: bob.id });
    expect(answer).not.toContain(bob.email);
    const verified = await fetch(`${other.url}/verify`, {
      headers: { authorization: `Bearer ${bob.accessToken}` },
    });
    expect(verified.status).toBe(200);
    expect(JSON.stringify([...verified.headers])).not.toContain(bob.email);
  });
});

describe('the SDL', () => {
  it('of _service links Federation 2, keys User, and has no machinery', async () => {
    const { data } = await server.send('{ _service { sdl } }', {}, gateway);
    const sdl: string = data._service.sdl;
    parse(sdl);
    expect(sdl).toContain('@link(url: "https://specs.apollo.dev/federation/v2.3"');
    expect(sdl).toContain('type User @key(fields: "id") {');
    expect(sdl).toContain('name: String @shareable');
    expect(sdl).toMatch(/usersByIds\([^)]*\): \[User\]! @inaccessible/);
    expect(sdl).not.toMatch(/_entities|_service|_Any|_Entity|_sdl|directive @/);
  });

  it('of _sdl merges User by usersByIds and is readable by any tool', async () => {
    const { data } = await server.send('{ _sdl }', {}, gateway);
    expect(data._sdl).toMatch(/usersByIds\([^)]*\): \[User\]! @merge\(keyField: "id"\)/);
    expect(data._sdl).not.toMatch(/_entities|_service|@link|@key/);
    expect(Object.keys(buildSchema(data._sdl).getQueryType()?.getFields() ?? {})).toContain(
      'usersByIds',
    );
  });
});

describe('traces', () => {
  it('are never returned', async () => {
    const answer = await server.send(
      '{ authOptions { otpLength } }',
      {},
      { headers: { 'apollo-federation-include-trace': 'ftv1' } },
    );
    expect(answer.text).not.toContain('ftv1');
  });
});
