import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { composeServices as composeByApollo } from '@apollo/composition';
import { composeServices as composeByGuild } from '@theguild/federation-composition';
import { parse } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../src/testing/app.ts';
import { errorFields, send } from '../../src/testing/client.ts';
import {
  type CountingDatabase,
  createCountingDatabase,
} from '../../src/testing/counting-database.ts';
import { type Person, registerPerson, signIn } from '../../src/testing/people.ts';
import { deleteUser, setRoles } from '../../src/testing/rows.ts';
import { subgraphSdl } from './compose.ts';
import { type Post, startPosts } from './posts.ts';
import type { Graphs, Running } from './running.ts';

// Apollo Gateway and Hive Gateway are large, so they are installed here and not with the server:
// `npm ci --prefix examples/gateway`.
const isInstalled = (name: string): boolean => {
  try {
    return createRequire(import.meta.url).resolve(name) !== '';
  } catch {
    return false;
  }
};
const gateways = [
  {
    name: 'stitching',
    wants: '@graphql-tools/stitch',
    start: async (graphs: Graphs) => (await import('./stitch.ts')).startGateway(graphs),
  },
  {
    name: 'Apollo Gateway',
    wants: '@apollo/gateway',
    start: async (graphs: Graphs) => (await import('./apollo.ts')).startGateway(graphs),
  },
  {
    name: 'Hive Gateway',
    wants: '@graphql-hive/gateway-runtime',
    start: async (graphs: Graphs) => (await import('./hive.ts')).startGateway(graphs),
  },
];

const gatewayToken = 'the-gateway-of-the-tests-shows-this-token';
const issuer = 'http://localhost:4000';
let database: CountingDatabase;
let server: TestServer;
let posts: Running & { readonly posts: Post[] };
let graphs: Graphs;

beforeAll(async () => {
  database = await createCountingDatabase();
  // RS256 is the server's default, and the only one that every gateway takes.
  const jwt = { algorithm: 'RS256', audience: issuer, type: 'JWT' } as const;
  const trustedProxies = ['127.0.0.1'];
  server = await startTestServer({
    database,
    config: { gatewayToken, publicUrl: issuer, jwt, trustedProxies },
  });
  posts = await startPosts({ issuer, jwksUrl: `${server.url}/.well-known/jwks.json`, port: 0 });
  graphs = { auth: `${server.url}/graphql`, posts: posts.url, gatewayToken, port: 0 };
});
afterAll(async () => {
  await posts.stop();
  await server.stop();
  await database.drop();
});

describe('composition', () => {
  it('of the subgraph with one that extends User has no errors, by either composer', async () => {
    const services = [
      {
        name: 'auth',
        url: graphs.auth,
        typeDefs: parse(await subgraphSdl(graphs.auth, { 'x-gateway-token': gatewayToken })),
      },
      { name: 'posts', url: graphs.posts, typeDefs: parse(await subgraphSdl(graphs.posts)) },
    ];
    for (const compose of [composeByApollo, composeByGuild]) {
      const { errors, supergraphSdl } = compose(services);
      expect(errors ?? []).toEqual([]);
      expect(supergraphSdl).toContain('join__Graph');
    }
  });

  it('is refused without the gateway’s credential', async () => {
    await expect(subgraphSdl(graphs.auth)).rejects.toThrow('A valid access token is required.');
  });
});

describe.each(gateways)('through $name', ({ wants, start }) => {
  const there = isInstalled(wants);
  let gateway: Running;
  let ada: Person;
  let bob: Person;
  const ask = (query: string, variables = {}, token?: string, headers = {}) =>
    send(new URL(gateway.url).origin, query, variables, { token, headers });

  beforeAll(async () => {
    if (!there) return;
    [ada, bob] = [
      await registerPerson(server, { name: 'Ada' }),
      await registerPerson(server, { name: 'Bob' }),
    ];
    gateway = await start(graphs);
  });
  afterAll(() => gateway?.stop());

  it.skipIf(!there)('callers reach no field that is for gateways', async () => {
    for (const query of [
      `{ usersByIds(ids: ["${ada.id}"]) { email } }`,
      '{ _sdl }',
      '{ _service { sdl } }',
    ]) {
      const answer = await ask(query);
      expect(answer.errors[0]?.extensions.code).toBe('GRAPHQL_VALIDATION_FAILED');
    }
  });

  it.skipIf(!there)('a stale bearer is UNAUTHENTICATED, with its reason', async () => {
    const answer = await ask('{ me { id } }', {}, 'stale');
    expect(answer.data?.me ?? null).toBeNull();
    expect(answer.errors[0]?.extensions).toMatchObject({
      code: 'UNAUTHENTICATED',
      reason: 'TOKEN_INVALID',
    });
  });

  it.skipIf(!there)('login answers with each member of its union', async () => {
    const login = `mutation L($input: LoginInput!) { login(input: $input) {
      ... on AuthTokens { __typename accessToken user { id email } } ${errorFields} } }`;
    const wrong = await ask(login, { input: { email: ada.email, password: 'not the password' } });
    expect(wrong.data.login).toMatchObject({
      __typename: 'AuthError',
      code: 'INVALID_CREDENTIALS',
    });
    const right = await ask(login, { input: { email: ada.email, password: ada.password } });
    expect(right.data.login).toMatchObject({
      __typename: 'AuthTokens',
      user: { id: ada.id, email: ada.email },
    });
    const me = await ask('{ me { email } }', {}, right.data.login.accessToken);
    expect(me.data).toEqual({ me: { email: ada.email } });
  });

  it.skipIf(!there)('posts { author { name } } is one batch and one statement', async () => {
    for (const [index, person] of [ada, bob, ada].entries()) {
      const created = await ask(
        'mutation P($title: String!) { createPost(title: $title) { title } }',
        { title: `Post ${index}` },
        person.accessToken,
      );
      expect(created.errors).toEqual([]);
    }
    const gone = await registerPerson(server);
    await ask('mutation { createPost(title: "Last words") { id } }', {}, gone.accessToken);
    await deleteUser(server, gone.id);

    const before = database.userReads();
    const answer = await ask('{ posts { title author { id name } } }');
    expect(database.userReads() - before).toBe(1);
    const own = answer.data.posts.slice(-4);
    expect(own.slice(0, 3)).toEqual([
      { title: 'Post 0', author: { id: ada.id, name: 'Ada' } },
      { title: 'Post 1', author: { id: bob.id, name: 'Bob' } },
      { title: 'Post 2', author: { id: ada.id, name: 'Ada' } },
    ]);
    // Of a deleted user a gateway may keep the id that the other graph knows.
    expect(own[3].author?.name ?? null).toBeNull();
    expect(answer.errors).toEqual([]);
  });

  it.skipIf(!there)('a field for moderators is refused to everyone else', async () => {
    const before = posts.posts.splice(0);
    posts.posts.push({ id: randomUUID(), title: 'One', authorId: ada.id });
    const moderator = await registerPerson(server);
    await setRoles(server, moderator.id, ['moderator']);
    const { accessToken } = await signIn(server, moderator);
    // Stitching gateways know the graph by another SDL, which leaves the field out.
    if (wants !== '@graphql-tools/stitch') {
      const query = '{ posts { title reports } }';
      const refused = await ask(query, {}, ada.accessToken);
      expect(refused.data.posts).toEqual([{ title: 'One', reports: null }]);
      expect(refused.errors[0]?.extensions.code).toBe('FORBIDDEN');
      expect((await ask(query)).errors[0]?.extensions.code).toBe('UNAUTHENTICATED');
      const { data } = await ask(query, {}, accessToken);
      expect(data.posts).toEqual([{ title: 'One', reports: 0 }]);
    }
    posts.posts.splice(0, 1, ...before);
  });

  it.skipIf(!there)('X-8 callers read names alone, and of themselves what is theirs', async () => {
    const before = posts.posts.splice(0);
    for (const { id } of [ada, bob])
      posts.posts.push({ id: randomUUID(), title: '', authorId: id });
    const query = '{ posts { author { id name email emailVerified roles createdAt } } }';
    const closed = { email: null, emailVerified: null, roles: null, createdAt: null };
    const anonymous = await ask(query);
    const signedIn = await ask(query, {}, ada.accessToken);
    posts.posts.splice(0, 2, ...before);
    const authorBob = { id: bob.id, name: 'Bob', ...closed };
    expect(anonymous).toMatchObject({ errors: [] });
    expect(anonymous.data.posts).toEqual([
      { author: { id: ada.id, name: 'Ada', ...closed } },
      { author: authorBob },
    ]);
    expect(signedIn.data.posts).toMatchObject([
      { author: { id: ada.id, name: 'Ada', email: ada.email, emailVerified: true, roles: [] } },
      { author: authorBob },
    ]);
  });

  it.skipIf(!there)('X-8 Latchkey learns the caller’s address, browser and language', async () => {
    const person = await registerPerson(server);
    const login = `mutation L($input: LoginInput!) { login(input: $input) {
      ... on AuthTokens { session { ipAddress device } } } }`;
    const input = { email: person.email, password: person.password };
    const answer = await ask(login, { input }, undefined, {
      // A proxy in front of the gateway wrote the right one; the client had made up the other.
      'x-forwarded-for': '10.9.8.7, 203.0.113.7',
      'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0',
      'accept-language': 'de',
    });
    expect(answer.errors).toEqual([]);
    expect(answer.data.login.session).toEqual({
      ipAddress: '203.0.113.0/24',
      device: 'Firefox on Linux',
    });
  });

  it.skipIf(!there)('X-9 a page of 700 posts of different users is answered', async () => {
    const before = posts.posts.splice(0);
    posts.posts.push(
      ...Array.from({ length: 700 }, (_, n) => ({
        id: randomUUID(),
        title: `Post ${n}`,
        authorId: [100, 699].includes(n) ? bob.id : randomUUID(),
      })),
    );
    const answer = await ask('{ posts { title author { name } } }');
    posts.posts.splice(0, 700, ...before);
    expect(answer.errors).toEqual([]);
    expect(answer.data.posts).toHaveLength(700);
    for (const n of [100, 699])
      expect(answer.data.posts[n]).toEqual({ title: `Post ${n}`, author: { name: 'Bob' } });
    expect(answer.data.posts[0].author?.name ?? null).toBeNull();
  });

  it.skipIf(!there)(
    'me { posts { title } } joins the other way, and anonymous callers cannot post',
    async () => {
      const answer = await ask('{ me { email posts { title } } }', {}, bob.accessToken);
      expect(answer.data.me).toEqual({ email: bob.email, posts: [{ title: 'Post 1' }] });
      const refused = await ask('mutation { createPost(title: "spam") { id } }');
      expect(refused.errors[0]?.extensions.code).toBe('UNAUTHENTICATED');
    },
  );
});

describe('Hive Gateway’s JWT plugin', () => {
  const there = isInstalled('@graphql-mesh/plugin-jwt-auth');

  it.skipIf(!there)('verifies our tokens by our public keys, with its defaults', async () => {
    const person = await registerPerson(server);
    const { startGateway } = await import('./hive.ts');
    const gateway = await startGateway({
      ...graphs,
      jwksUrl: `${server.url}/.well-known/jwks.json`,
    });
    const ask = async (authorization?: string) => {
      const response = await fetch(gateway.url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(authorization === undefined ? {} : { authorization }),
        },
        body: JSON.stringify({ query: '{ me { id } }' }),
      });
      return { status: response.status, body: await response.json() };
    };
    expect(await ask(`Bearer ${person.accessToken}`)).toEqual({
      status: 200,
      body: { data: { me: { id: person.id } } },
    });
    expect((await ask()).status).toBe(401);
    const [header, payload, signature] = person.accessToken.split('.');
    const claims = JSON.parse(Buffer.from(payload ?? '', 'base64url').toString());
    const forged = Buffer.from(JSON.stringify({ ...claims, sub: randomUUID() })).toString(
      'base64url',
    );
    expect((await ask(`Bearer ${header}.${forged}.${signature}`)).status).toBe(401);
    await gateway.stop();
  });
});
