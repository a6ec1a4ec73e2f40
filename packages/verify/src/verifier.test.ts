import { createServer } from 'node:http';
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import Fastify from 'fastify';
import { GraphQLError } from 'graphql';
import {
  createLocalJWKSet,
  exportJWK,
  generateKeyPair,
  type JWTPayload,
  SignJWT,
  UnsecuredJWT,
} from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Config } from '../../../src/config/read-config.ts';
import { ensureStandbyKey } from '../../../src/domain/signing-keys/ensure-standby-key.ts';
import { removeSigningKey } from '../../../src/domain/signing-keys/remove-signing-key.ts';
import { startTestServer, type TestServer } from '../../../src/testing/app.ts';
import { misspelled, spaced } from '../../../src/testing/forged-tokens.ts';
import { registerPerson, signIn } from '../../../src/testing/people.ts';
import {
  apolloContext,
  type Caller,
  createVerifier,
  expressAuth,
  fastifyAuth,
  KeysUnavailableError,
  RefusedTokenError,
  required,
  type Verifier,
} from './index.ts';

const issuer = 'https://auth.example.com';
const keys = await generateKeyPair('RS256', { extractable: true });
const others = await generateKeyPair('RS256', { extractable: true });
const jwk = { ...(await exportJWK(keys.publicKey)), kid: 'k1', alg: 'RS256', use: 'sig' };
const verifier = createVerifier({ issuer, keys: createLocalJWKSet({ keys: [jwk] }) });

const seconds = Math.floor(Date.now() / 1000);
const claims: JWTPayload = {
  iss: issuer,
  aud: issuer,
  sub: 'user-1',
  sid: 'session-1',
  jti: 'token-1',
  iat: seconds,
  exp: seconds + 900,
  auth_time: seconds - 60,
  amr: ['pwd'],
  roles: ['admin'],
};

function sign(changes: object = {}, header: object = {}, key = keys.privateKey): Promise<string> {
  return new SignJWT({ ...claims, ...changes })
    .setProtectedHeader({ alg: 'RS256', kid: 'k1', typ: 'JWT', ...header })
    .sign(key);
}

describe('a token is refused', () => {
  const refused: [string, () => Promise<string>, string][] = [
    ['that has expired', () => sign({ exp: seconds - 60 }), 'TOKEN_EXPIRED'],
    ['of another issuer', () => sign({ iss: 'https://other.example.com' }), 'TOKEN_INVALID'],
    ['for another audience', () => sign({ aud: 'https://other.example.com' }), 'TOKEN_INVALID'],
    ['of the future', () => sign({ nbf: seconds + 600 }), 'TOKEN_INVALID'],
    ['that never expires', () => sign({ exp: undefined }), 'TOKEN_INVALID'],
    ['without a session, such as an id token', () => sign({ sid: undefined }), 'TOKEN_INVALID'],
    ['whose session is no text', () => sign({ sid: { $ne: '' } }), 'TOKEN_INVALID'],
    ['of another type', () => sign({}, { typ: 'logout+jwt' }), 'TOKEN_INVALID'],
    ['of an unknown key', () => sign({}, { kid: 'k2' }), 'TOKEN_INVALID'],
    ['signed by someone else', () => sign({}, {}, others.privateKey), 'TOKEN_INVALID'],
    ['with no signature', async () => new UnsecuredJWT({ ...claims }).encode(), 'TOKEN_INVALID'],
    [
      'signed with the public key as a secret',
      () =>
        new SignJWT({ ...claims })
          .setProtectedHeader({ alg: 'HS256', kid: 'k1', typ: 'JWT' })
          .sign(new TextEncoder().encode(JSON.stringify(jwk))),
      'TOKEN_INVALID',
    ],
    ['that is not a JWT', async () => 'nonsense', 'TOKEN_INVALID'],
    ['that is far too long', async () => `${await sign()}${'a'.repeat(10_000)}`, 'TOKEN_INVALID'],
  ];

  it.each(refused)('%s', async (_name, token, reason) => {
    const failed = verifier.verify(await token());
    await expect(failed).rejects.toBeInstanceOf(RefusedTokenError);
    await expect(failed).rejects.toMatchObject({ reason, status: 401 });
  });

  it('X-12 in any other spelling of its base64url', async () => {
    const token = await sign();
    for (const other of [...misspelled(token), ...spaced(token)]) {
      await expect(verifier.verify(other), JSON.stringify(other)).rejects.toMatchObject({
        reason: 'TOKEN_INVALID',
      });
    }
    expect(await verifier.verify(token)).toMatchObject({ userId: 'user-1' });
  });

  it.each(['Basic YTpi', 'Bearer', 'Bearer a b', 'Bearer a, Bearer b', 'nonsense'])(
    'in the header %s',
    async (header) => {
      await expect(verifier.callerFrom(header)).rejects.toMatchObject({ reason: 'TOKEN_INVALID' });
    },
  );

  it('as one that cannot be verified, where the keys cannot be fetched', async () => {
    for (const jwksUrl of ['http://127.0.0.1:9/jwks.json', 'data:application/json,nonsense']) {
      const failed = createVerifier({ issuer, jwksUrl }).verify(await sign());
      await expect(failed).rejects.toBeInstanceOf(KeysUnavailableError);
    }
  });
});

describe('a caller', () => {
  it('is read from the claims', async () => {
    expect(await verifier.verify(await sign())).toMatchObject({
      userId: 'user-1',
      sessionId: 'session-1',
      roles: ['admin'],
      methods: ['pwd'],
      authenticatedAt: new Date((seconds - 60) * 1000),
      expiresAt: new Date((seconds + 900) * 1000),
    });
    expect(await verifier.verify(await sign({}, { typ: 'at+jwt' }))).toMatchObject({
      userId: 'user-1',
    });
    expect(await verifier.verify(await sign({ roles: 'admin', amr: [1] }))).toMatchObject({
      roles: [],
      methods: [],
    });
  });

  it('is null without a header, or with an empty one', async () => {
    for (const header of [undefined, null, '', ' '])
      expect(await verifier.callerFrom(header)).toBeNull();
  });

  it('is found in the requests of Node and of the web', async () => {
    const authorization = `bearer ${await sign()}`;
    expect(await verifier.callerOf({ headers: { authorization } })).toMatchObject({
      userId: 'user-1',
    });
    expect(
      await verifier.callerOf(new Request(issuer, { headers: { authorization } })),
    ).toMatchObject({
      userId: 'user-1',
    });
  });
});

describe('a Latchkey server', () => {
  it.each(['RS256', 'ES256', 'EdDSA'] as const)(
    'that signs with %s is believed, its keys fetched once',
    async (algorithm) => {
      // Loopback: an https address would not be served over plain http.
      const local = 'http://localhost:4000';
      const config: Partial<Config> = {
        jwt: { algorithm, audience: local, type: 'JWT' },
        publicUrl: local,
      };
      const server = await startTestServer({ config });
      const person = await registerPerson(server);
      const fetched = vi.spyOn(globalThis, 'fetch');
      const remote = createVerifier({
        issuer: local,
        jwksUrl: `${server.url}/.well-known/jwks.json`,
      });
      for (let times = 0; times < 3; times += 1) {
        expect(await remote.verify(person.accessToken)).toMatchObject({
          userId: person.id,
          sessionId: person.sessionId,
        });
      }
      expect(fetched.mock.calls.filter(([url]) => String(url).includes('jwks'))).toHaveLength(1);
      fetched.mockRestore();
      await server.stop();
    },
  );
});

describe('X-27 clocks that differ', () => {
  afterEach(() => vi.useRealTimers());
  /** The verifier's clock that many seconds after the server's, at which `claims` were issued. */
  const at = (ahead: number) =>
    vi.useFakeTimers({ toFake: ['Date'], now: (seconds + ahead) * 1000 });

  it('a token is refused as expired five seconds after its end: clients refresh then', async () => {
    const token = await sign();
    at(905);
    await expect(verifier.verify(token)).rejects.toMatchObject({ reason: 'TOKEN_EXPIRED' });
    at(904);
    expect(await verifier.verify(token)).toMatchObject({ userId: 'user-1' });
  });

  it('and as many seconds after it as clockTolerance says', async () => {
    const options = { issuer, keys: createLocalJWKSet({ keys: [jwk] }), clockTolerance: 60 };
    const token = await sign();
    at(960);
    const failed = createVerifier(options).verify(token);
    await expect(failed).rejects.toMatchObject({ reason: 'TOKEN_EXPIRED' });
    at(959);
    expect(await createVerifier(options).verify(token)).toMatchObject({ userId: 'user-1' });
  });

  it.each([60, 3600])('a clock that is %i seconds behind takes every token', async (behind) => {
    const token = await sign();
    at(-behind);
    expect(await verifier.verify(token)).toMatchObject({ userId: 'user-1' });
  });
});

describe('X-26 a key that is removed', () => {
  afterEach(() => vi.useRealTimers());

  it('verifies nothing by a key set that is five minutes old, but by its successor', async () => {
    const server = await startTestServer();
    try {
      await ensureStandbyKey(server.app);
      await server.app.keyRing.load();
      const person = await registerPerson(server);
      const { publicUrl } = server.app.config;
      const jwksUrl = `${server.url}/.well-known/jwks.json`;
      const remote = createVerifier({ issuer: publicUrl, jwksUrl });
      expect(await remote.verify(person.accessToken)).toMatchObject({ userId: person.id });
      await removeSigningKey(server.app, { kid: server.app.keyRing.signing().kid });
      await server.app.keyRing.load();
      const after = await signIn(server, person);
      const fetched = vi.spyOn(globalThis, 'fetch');
      expect(await remote.verify(after.accessToken)).toMatchObject({ userId: person.id });
      expect(fetched).not.toHaveBeenCalled();
      fetched.mockRestore();
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 300_000 });
      await expect(remote.verify(person.accessToken)).rejects.toMatchObject({
        reason: 'TOKEN_INVALID',
      });
      expect(await remote.verify(after.accessToken)).toMatchObject({ userId: person.id });
    } finally {
      await server.stop();
    }
  });
});

describe('in the servers of others', () => {
  let latchkey: TestServer;
  let token: string;
  let userId: string;
  let remote: Verifier;
  beforeAll(async () => {
    latchkey = await startTestServer();
    ({ accessToken: token, id: userId } = await registerPerson(latchkey));
    const { publicUrl } = latchkey.app.config;
    remote = createVerifier({
      issuer: publicUrl,
      jwksUrl: `${latchkey.url}/.well-known/jwks.json`,
    });
  });
  afterAll(() => latchkey.stop());

  const get = (url: string, authorization?: string) =>
    fetch(url, { headers: authorization ? { authorization } : {} });

  it('Apollo Server: 401 for a bad token, null without one, the caller otherwise', async () => {
    const apollo = new ApolloServer<{ caller: Caller | null }>({
      typeDefs: 'type Query { who: String }',
      resolvers: { Query: { who: (_source, _args, { caller }) => caller?.userId ?? null } },
    });
    const { url } = await startStandaloneServer(apollo, {
      listen: { port: 0 },
      context: apolloContext(remote, { GraphQLError }),
    });
    const ask = (authorization: string) =>
      fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization },
        body: '{"query":"{ who }"}',
      });
    const refused = await ask('Bearer nonsense');
    expect(refused.status).toBe(401);
    expect(refused.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
    expect(await refused.json()).toMatchObject({
      errors: [{ extensions: { code: 'UNAUTHENTICATED', reason: 'TOKEN_INVALID' } }],
    });
    expect(await (await ask('')).json()).toEqual({ data: { who: null } });
    expect(await (await ask(`Bearer ${token}`)).json()).toEqual({ data: { who: userId } });
    await apollo.stop();
  });

  it.each([false, true])(
    'Express: the same, and no anonymous callers where a token is required (%s)',
    async (isRequired) => {
      const middleware = expressAuth(remote, needs(isRequired));
      const server = createServer((request, response) => {
        middleware(request, response, (error) => {
          response.end(JSON.stringify(error ?? Object(request).caller?.userId ?? null));
        });
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const address = server.address();
      const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
      await expectDoor(url, isRequired);
      server.close();
    },
  );

  it.each([false, true])(
    'Fastify: the same, and no anonymous callers where a token is required (%s)',
    async (isRequired) => {
      const fastify = Fastify({ forceCloseConnections: true });
      fastifyAuth(fastify, { verifier: remote, ...needs(isRequired) });
      fastify.get('/', async (request) => JSON.stringify(Object(request).caller?.userId ?? null));
      await expectDoor(await fastify.listen({ host: '127.0.0.1', port: 0 }), isRequired);
      await fastify.close();
    },
  );

  const needs = (isRequired: boolean) => (isRequired ? { require: required } : {});

  async function expectDoor(url: string, isRequired: boolean): Promise<void> {
    const refused = await get(url, 'Bearer nonsense');
    expect(refused.status).toBe(401);
    expect(refused.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
    expect(await refused.json()).toMatchObject({
      error: { code: 'UNAUTHENTICATED', reason: 'TOKEN_INVALID' },
    });
    const anonymous = await get(url);
    expect(anonymous.status).toBe(isRequired ? 401 : 200);
    if (isRequired)
      expect(anonymous.headers.get('www-authenticate')).toBe('Bearer realm="latchkey"');
    expect(await (await get(url, `Bearer ${token}`)).json()).toBe(userId);
  }
});
