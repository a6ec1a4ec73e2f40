import { createHash, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { secondsAfter } from '../../clock.ts';
import { users } from '../../db/tables/users.ts';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { type Answer, meQuery } from '../../testing/client.ts';
import { forge, misspelled, type Parts, partsOf } from '../../testing/forged-tokens.ts';
import { type Person, registerPerson, signIn } from '../../testing/people.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey;
const p521 = generateKeyPairSync('ec', { namedCurve: 'P-521' }).privateKey;
const ed25519 = generateKeyPairSync('ed25519').privateKey;
const foreignKeys: Readonly<Record<string, KeyObject | Uint8Array>> = {
  RS256: rsa,
  RS384: rsa,
  RS512: rsa,
  PS256: rsa,
  ES256: p256,
  ES384: p384,
  ES512: p521,
  EdDSA: ed25519,
  HS256: randomBytes(32),
  HS384: randomBytes(48),
  HS512: randomBytes(64),
};

const withoutIds = (answer: Answer): string =>
  answer.text.replace(/"requestId":"[^"]*"/, '"requestId":""');

/** One byte-identical refusal for every forgery: which check failed is not disclosed (JW-13). */
let refusalText: string | undefined;
async function expectRefused(server: TestServer, token: string, what = ''): Promise<void> {
  const answer = await server.send(meQuery, {}, { token });
  expect.soft(answer.status, what).toBe(401);
  expect.soft(answer.headers.get('www-authenticate'), what).toBe('Bearer error="invalid_token"');
  expect.soft(answer.data, what).toBeNull();
  refusalText ??= withoutIds(answer);
  expect.soft(withoutIds(answer), what).toBe(refusalText);
  expect.soft(refusalText).toContain('"reason":"TOKEN_INVALID"');
}

describe.each(['ES256', 'RS256', 'EdDSA', 'HS256'] as const)(
  'access tokens signed with %s',
  (algorithm) => {
    let server: TestServer;
    let person: Person;
    let real: Parts;
    let key: KeyObject;

    beforeAll(async () => {
      server = await startTestServer({
        config: { jwt: { algorithm, audience: 'http://localhost:4000', type: 'JWT' } },
      });
      person = await registerPerson(server, { name: 'Ada Lovelace' });
      real = partsOf(person.accessToken);
      key = server.app.keyRing.signing().privateKey;
    });
    afterAll(() => server.stop());

    const changed = (change: {
      header?: Record<string, unknown>;
      payload?: Record<string, unknown>;
      drop?: string[];
    }): Parts => {
      const drop = new Set(change.drop ?? []);
      const kept = (part: Record<string, unknown>) =>
        Object.fromEntries(Object.entries(part).filter(([name]) => !drop.has(name)));
      return {
        header: kept({ ...real.header, ...change.header }),
        payload: kept({ ...real.payload, ...change.payload }),
      };
    };
    const accepted = async (parts: Parts): Promise<boolean> => {
      const answer = await server.send(meQuery, {}, { token: forge(parts, key, algorithm) });
      return answer.data?.me?.id === person.id;
    };

    it('accepts a token made like the forged ones but without a fault', async () => {
      expect(real.header).toEqual({
        alg: algorithm,
        kid: server.app.keyRing.signing().kid,
        typ: 'JWT',
      });
      expect(await accepted(real)).toBe(true);
      expect(
        await accepted(
          changed({ payload: { aud: ['http://elsewhere.example', 'http://localhost:4000'] } }),
        ),
      ).toBe(true);
    });

    it('X-12 refuses every other spelling of a part', async () => {
      for (const other of misspelled(person.accessToken)) await expectRefused(server, other, other);
      const { data } = await server.send(meQuery, {}, { token: person.accessToken });
      expect(data.me.id).toBe(person.id);
    });

    it('SE-16 refuses a token bound to its holder’s key, since DPoP is not supported', async () => {
      const jkt = createHash('sha256').update('a key').digest('base64url');
      for (const cnf of [{ jkt }, {}, null]) {
        await expectRefused(
          server,
          forge(changed({ payload: { cnf } }), key, algorithm),
          JSON.stringify(cnf),
        );
      }
    });

    it('JW-1 ADV-46 refuses none, in every spelling, with and without a signature', async () => {
      for (const alg of ['none', 'None', 'NONE', 'nOnE', '', 'HS1', 'undefined']) {
        const parts = changed({ header: { alg } });
        await expectRefused(server, forge(parts, null), alg);
        await expectRefused(server, forge(parts, key, algorithm), alg);
        await expectRefused(server, forge(changed({ header: { alg }, drop: ['kid'] }), null), alg);
      }
      for (const alg of [null, 5, ['none'], { alg: algorithm }]) {
        await expectRefused(
          server,
          forge(changed({ header: { alg } }), key, algorithm),
          String(alg),
        );
      }
      await expectRefused(server, forge(changed({ drop: ['alg'] }), key, algorithm));
    });

    it('JW-1 ADV-46 refuses every other algorithm, with a foreign and the right key', async () => {
      for (const [alg, foreign] of Object.entries(foreignKeys)) {
        await expectRefused(server, forge(changed({ header: { alg } }), foreign), alg);
      }
      const own: Readonly<Record<string, string[]>> = {
        RS256: ['RS384', 'RS512', 'PS256'],
        HS256: ['HS384', 'HS512'],
      };
      for (const alg of own[algorithm] ?? [])
        await expectRefused(server, forge(changed({ header: { alg } }), key), alg);
      // The right key, with its algorithm named as another.
      for (const alg of Object.keys(foreignKeys).filter((name) => name !== algorithm)) {
        await expectRefused(server, forge(changed({ header: { alg } }), key, algorithm), alg);
      }
    });

    it('JW-1 ADV-46 refuses HS256 under the public key, as PEM, DER and JWK text', async () => {
      const { publicKey, publicJwk } = server.app.keyRing.signing();
      if (publicJwk === null) {
        // HS256 publishes no key; signing with the empty key set must not work either.
        for (const secret of ['', '{"keys":[]}', 'null']) {
          await expectRefused(server, forge(real, Buffer.from(secret)), secret);
        }
        return;
      }
      const jwks = await (await fetch(`${server.url}/.well-known/jwks.json`)).text();
      const pem = String(publicKey.export({ type: 'spki', format: 'pem' }));
      const secrets = [
        pem,
        pem.trim(),
        pem.replaceAll('\n', '\r\n'),
        publicKey.export({ type: 'spki', format: 'der' }),
        JSON.stringify(publicJwk),
        JSON.stringify(publicKey.export({ format: 'jwk' })),
        jwks,
        Buffer.from(publicJwk['n'] ?? publicJwk['x'] ?? '', 'base64url'),
        ...(algorithm === 'RS256'
          ? [
              publicKey.export({ type: 'pkcs1', format: 'pem' }),
              publicKey.export({ type: 'pkcs1', format: 'der' }),
            ]
          : []),
      ];
      for (const secret of secrets) {
        const bytes = Buffer.from(secret);
        for (const alg of ['HS256', 'HS384', 'HS512'])
          await expectRefused(server, forge(changed({ header: { alg } }), bytes));
        await expectRefused(server, forge(real, bytes, 'HS256'));
      }
    });

    it('JW-1 refuses a signature that is truncated, altered or of other claims', async () => {
      const [header = '', payload = '', signed = ''] = person.accessToken.split('.');
      const flipped = Buffer.from(signed, 'base64url');
      flipped[0] = (flipped[0] ?? 0) ^ 1;
      const admin = Buffer.from(JSON.stringify({ ...real.payload, roles: ['admin'] })).toString(
        'base64url',
      );
      for (const token of [
        `${header}.${payload}.`,
        `${header}.${payload}`,
        `${header}.${payload}.${signed.slice(0, -4)}`,
        `${header}.${payload}.${flipped.toString('base64url')}`,
        `${header}.${payload}.${Buffer.alloc(flipped.length).toString('base64url')}`,
        `${header}.${admin}.${signed}`,
        `${header}.${payload}.${signed}.${signed}`,
        // Strict base64url (RFC 7515 2): a lenient reader would ignore extra characters.
        `${person.accessToken}A`,
        `${person.accessToken}AA`,
        `${person.accessToken}=`,
        `${person.accessToken}==`,
        `${header}A.${payload}.${signed}`,
        `${header}.${payload}A.${signed}`,
        `${header}..${signed}`,
      ]) {
        await expectRefused(server, token);
      }
    });

    describe('with a listener that must never be called', () => {
      let sink: Server;
      let address: string;
      const calls: string[] = [];
      beforeAll(async () => {
        sink = createServer((request, response) => {
          calls.push(String(request.url));
          response.end('{"keys":[]}');
        });
        await new Promise<void>((resolve) => sink.listen(0, '127.0.0.1', resolve));
        const { port } = sink.address() as AddressInfo;
        address = `http://127.0.0.1:${port}`;
      });
      afterAll(() => new Promise((resolve) => sink.close(resolve)));

      it('JW-2 ADV-46 takes no key and no URL from the header, and fetches nothing', async () => {
        const jwk = { ...p256.export({ format: 'jwk' }), alg: 'ES256', use: 'sig' };
        const { d: _private, ...publicHalf } = jwk;
        for (const header of [
          { jwk: publicHalf },
          { jwk },
          { jku: `${address}/jwks.json` },
          { x5u: `${address}/chain.pem` },
          { x5c: [p256.export({ type: 'pkcs8', format: 'der' }).toString('base64')] },
          { jku: 'file:///etc/passwd' },
          {
            jwk: publicHalf,
            jku: `${address}/jwks.json`,
            x5u: `${address}/chain.pem`,
            kid: `${address}/kid`,
          },
        ]) {
          await expectRefused(
            server,
            forge(changed({ header: { alg: 'ES256', ...header } }), p256),
            JSON.stringify(header),
          );
          await expectRefused(
            server,
            forge(changed({ header: { alg: 'ES256', ...header }, drop: ['kid'] }), p256),
          );
        }
        expect(calls).toEqual([]);
      });
    });

    it('JW-2 refuses an unknown critical extension, even with a valid signature', async () => {
      for (const header of [
        { crit: ['exp'] },
        { crit: ['urn:example'], 'urn:example': true },
        { crit: ['b64'], b64: false },
        // jose itself takes this one.
        { crit: ['b64'], b64: true },
        { crit: [] },
        { crit: 'exp' },
      ]) {
        await expectRefused(
          server,
          forge(changed({ header }), key, algorithm),
          JSON.stringify(header),
        );
      }
    });

    it('JW-3 refuses a token without a kid, or with one that matches no key', async () => {
      const { kid } = server.app.keyRing.signing();
      await expectRefused(server, forge(changed({ drop: ['kid'] }), key, algorithm));
      for (const other of [
        '',
        ' ',
        `${kid} `,
        kid.slice(0, -1),
        `${kid}\u0000`,
        kid.toUpperCase() === kid ? kid.toLowerCase() : kid.toUpperCase(),
        '../../x',
        '/dev/null',
        `../../../../${kid}`,
        "' or 1=1 --",
        "x' union select sealed_private_jwk from signing_keys --",
        'http://127.0.0.1:9/jwks',
        'a\r\n{"level":"info"}',
        '__proto__',
        'constructor',
        'toString',
        'x'.repeat(5_000),
        null,
        0,
        true,
        [kid],
        { kid },
      ]) {
        await expectRefused(
          server,
          forge(changed({ header: { kid: other } }), key, algorithm),
          `kid ${String(other).slice(0, 30)}`,
        );
      }
      // 10 kB: longer than any token of ours, so that it reaches no parser; a longer one would hit
      // Node's own limit on headers.
      await expectRefused(
        server,
        forge(changed({ header: { kid: 'x'.repeat(10_000) } }), key, algorithm),
      );
    });

    it('JW-4 refuses another type of token, even with a valid signature', async () => {
      for (const typ of [
        'at+jwt',
        'id_token+jwt',
        'JOSE',
        'logout+jwt',
        'secevent+jwt',
        '',
        'JWT2',
        ' JWT',
        null,
        5,
        ['JWT'],
      ]) {
        await expectRefused(
          server,
          forge(changed({ header: { typ } }), key, algorithm),
          String(typ),
        );
      }
      await expectRefused(server, forge(changed({ drop: ['typ'] }), key, algorithm));
      // An ID token, a mail link's token or the like: signed with the same key, but for no session.
      await expectRefused(
        server,
        forge(
          changed({ payload: { nonce: 'n', email: person.email }, drop: ['sid'] }),
          key,
          algorithm,
        ),
      );
    });

    it('JW-5 refuses another issuer and another audience', async () => {
      const issuer = 'http://localhost:4000';
      for (const iss of [
        `${issuer}/`,
        `${issuer}.evil.example`,
        'http://localhost:400',
        'HTTP://LOCALHOST:4000',
        '',
        null,
        [issuer],
        { iss: issuer },
      ]) {
        await expectRefused(
          server,
          forge(changed({ payload: { iss } }), key, algorithm),
          `iss ${String(iss)}`,
        );
      }
      for (const aud of [
        `${issuer}/`,
        'http://localhost:400',
        `${issuer}.evil.example`,
        '',
        null,
        [],
        ['http://elsewhere.example'],
        [`${issuer}/x`],
        { aud: issuer },
        5,
      ]) {
        await expectRefused(
          server,
          forge(changed({ payload: { aud } }), key, algorithm),
          `aud ${String(aud)}`,
        );
      }
      for (const name of ['iss', 'aud'])
        await expectRefused(server, forge(changed({ drop: [name] }), key, algorithm), `no ${name}`);
    });

    it('JW-6 refuses a token with a missing claim or a claim of the wrong type', async () => {
      for (const name of ['exp', 'iat', 'sub', 'jti', 'sid']) {
        await expectRefused(server, forge(changed({ drop: [name] }), key, algorithm), `no ${name}`);
      }
      const { exp } = real.payload;
      for (const payload of [
        { exp: String(exp) },
        { exp: null },
        { exp: [exp] },
        { iat: String(real.payload['iat']) },
        { iat: null },
        { nbf: 'now' },
        { sub: null },
        { sub: 5 },
        { jti: null },
        { jti: ['x'] },
        { sub: [person.id] },
        { sub: person.id.toUpperCase() },
        { sub: "' or 1=1 --" },
        { sid: null },
        { sid: [person.sessionId] },
        { sid: 'x' },
        { sid: person.id },
      ]) {
        const token = forge(changed({ payload }), key, algorithm);
        const answer = await server.send(meQuery, {}, { token });
        expect.soft(answer.status, JSON.stringify(payload)).toBe(401);
        expect.soft(answer.errors[0]?.extensions.code).toBe('UNAUTHENTICATED');
      }
    });

    it('JW-6 refuses times in the future and a lifetime of years', async () => {
      const now = Math.floor(server.clock.now().getTime() / 1000);
      for (const payload of [
        { iat: now + 86_400, exp: now + 86_400 + 900 },
        { iat: now + 61 },
        { exp: now + 10 * 365 * 86_400 },
        { iat: now - 600, exp: now + 3_600 },
        { iat: now - 10 * 86_400, exp: now + 900 },
        { iat: 0, exp: 2 ** 53 },
        { iat: -(10 ** 12) },
        { exp: 10 ** 300 },
        { nbf: now + 61 },
      ]) {
        await expectRefused(
          server,
          forge(changed({ payload }), key, algorithm),
          JSON.stringify(payload),
        );
      }
      expect(
        await accepted(changed({ payload: { iat: now - 30, exp: now + 870, nbf: now - 30 } })),
      ).toBe(true);
    });

    it('JW-6 reports a token as expired only if its signature is valid', async () => {
      const now = Math.floor(server.clock.now().getTime() / 1000);
      const expired = changed({ payload: { iat: now - 961, exp: now - 61 } });
      const answer = await server.send(meQuery, {}, { token: forge(expired, key, algorithm) });
      expect(answer.status).toBe(401);
      expect(withoutIds(answer).replace('TOKEN_EXPIRED', 'TOKEN_INVALID')).toBe(refusalText);
      expect(answer.errors[0]?.extensions.reason).toBe('TOKEN_EXPIRED');
      await expectRefused(server, forge(expired, foreignKeys[algorithm] ?? null));
    });

    it('JW-8 contains no personal data', async () => {
      const again = await signIn(server, person);
      for (const token of [person.accessToken, again.accessToken]) {
        const { payload } = partsOf(token);
        const names = [
          'iss',
          'aud',
          'sub',
          'sid',
          'jti',
          'iat',
          'exp',
          'auth_time',
          'amr',
          'roles',
        ];
        expect(Object.keys(payload).sort()).toEqual(names.sort());
        expect(payload).toMatchObject({
          sub: person.id,
          roles: [],
          exp: Number(payload['iat']) + 900,
        });
        // Random letters may spell any name.
        const said = JSON.stringify({ ...payload, jti: null });
        expect(said).not.toMatch(/@|Ada|Lovelace|127\.0\.0\.1|\$2b\$/);
      }
      expect(partsOf(again.accessToken).payload['jti']).not.toBe(real.payload['jti']);
    });
  },
);

describe('what a valid signature does not decide', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server.stop());

  const resign = (token: string, payload: Record<string, unknown>): string => {
    const real = partsOf(token);
    return forge(
      { header: real.header, payload: { ...real.payload, ...payload } },
      server.app.keyRing.signing().privateKey,
    );
  };

  it('JW-7 the roles are those of the row, whatever the token claims', async () => {
    const person = await registerPerson(server);
    const answer = await server.send(
      meQuery,
      {},
      { token: resign(person.accessToken, { roles: ['admin'] }) },
    );
    expect(answer.data.me).toMatchObject({ id: person.id, roles: [] });
  });

  it('JW-7 refuses a session and a subject that do not belong together', async () => {
    const [ada, bob] = [await registerPerson(server), await registerPerson(server)];
    for (const payload of [
      { sub: bob.id },
      { sid: bob.sessionId },
      { sid: '0190a0a0-0000-7000-8000-000000000000' },
    ]) {
      const answer = await server.send(meQuery, {}, { token: resign(ada.accessToken, payload) });
      expect(answer.status).toBe(401);
      expect(answer.errors[0]?.extensions.reason).toBe('SESSION_REVOKED');
    }
  });

  it('JW-7 JW-13 refuses deleted, suspended and signed-out users alike, at once', async () => {
    const { db } = server.database.database;
    const person = await registerPerson(server);
    const refusals: string[] = [];
    const refusal = async () => {
      const answer = await server.send(meQuery, {}, { token: person.accessToken });
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
      expect(answer.errors[0]?.extensions.reason).toBe('SESSION_REVOKED');
      refusals.push(withoutIds(answer));
    };
    const fine = async () =>
      expect((await server.send(meQuery, {}, { token: person.accessToken })).data.me.id).toBe(
        person.id,
      );

    await fine();
    await db.update(users).set({ suspendedAt: server.clock.now() });
    await refusal();
    await db.update(users).set({ suspendedAt: null });
    await fine();
    await db.delete(users);
    await refusal();
    expect(refusals[1]).toBe(refusals[0]);
    expect(refusals[0]?.replace('SESSION_REVOKED', 'TOKEN_INVALID')).toBe(refusalText);
  });

  it('JW-4 accepts only the configured type', async () => {
    const jwt = {
      algorithm: 'ES256',
      audience: 'https://api.example.com',
      type: 'at+jwt',
    } as const;
    const other = await startTestServer({ config: { jwt } });
    try {
      const person = await registerPerson(other);
      const real = partsOf(person.accessToken);
      expect(real).toMatchObject({
        header: { typ: 'at+jwt' },
        payload: { aud: 'https://api.example.com' },
      });
      expect((await other.send(meQuery, {}, { token: person.accessToken })).data.me.id).toBe(
        person.id,
      );
      const key = other.app.keyRing.signing().privateKey;
      await expectRefused(other, forge({ ...real, header: { ...real.header, typ: 'JWT' } }, key));
    } finally {
      await other.stop();
    }
  });

  it('JW-13 refuses an invalid bearer token on public queries and meta fields', async () => {
    for (const query of [
      '{ me { id } }',
      '{ __typename }',
      '{ authOptions { otpLength } me { id } }',
      '{ authOptions { otpLength } ...F } fragment F on Query { me { id } }',
      '{ __schema { queryType { name } } }',
    ]) {
      const answer = await server.send(query, {}, { token: 'a.b.c' });
      expect.soft(answer.status, query).toBe(401);
      expect.soft(answer.data, query).toBeNull();
    }
  });

  it('JW-13 ignores a stale bearer token where clients sign in again (contract)', async () => {
    const person = await registerPerson(server);
    const old = { token: 'a.b.c' };
    const options = await server.send('{ __typename authOptions { otpLength } }', {}, old);
    expect(options.data).toEqual({ __typename: 'Query', authOptions: { otpLength: 6 } });
    const tokens = await server.mutate(
      'login',
      { email: person.email, password: person.password },
      old,
    );
    expect(tokens.__typename).toBe('AuthTokens');
    expect(
      (await server.mutate('refreshSession', { refreshToken: tokens.refreshToken }, old))
        .__typename,
    ).toBe('AuthTokens');
    const challenge = await server.mutate('requestLoginCode', { email: person.email }, old);
    expect(challenge.__typename).toBe('OtpChallenge');
    expect((await server.mutate('resendOtp', { challengeId: challenge.id }, old)).code).toBe(
      'RATE_LIMITED',
    );
    expect(
      (await server.mutate('verifyOtp', { challengeId: challenge.id, code: '000000' }, old))
        .__typename,
    ).toBe('AuthError');
    expect((await server.mutate('logout', {}, old)).accepted).toBe(true);
  });

  it('JW-4 OT-6 ADV-47 bearer tokens, refresh tokens and secrets never swap roles', async () => {
    const person = await registerPerson(server);
    const challenge = await server.mutate('requestLoginCode', { email: person.email });
    for (const token of [person.refreshToken, challenge.id, person.sessionId, person.id])
      await expectRefused(server, token);
    const hmac = createHash('sha256').update('secret').digest();
    const home = partsOf(person.accessToken);
    for (const refreshToken of [
      person.accessToken,
      challenge.id,
      person.sessionId,
      forge({ header: { alg: 'HS256' }, payload: { sub: person.id } }, hmac),
      forge(
        {
          header: home.header,
          payload: {
            ...home.payload,
            exp: Math.floor(secondsAfter(new Date(), 900).getTime() / 1000),
          },
        },
        server.app.keyRing.signing().privateKey,
      ),
    ]) {
      const answer = await server.mutate('refreshSession', { refreshToken });
      expect(answer).toMatchObject({ __typename: 'AuthError' });
      expect(['INVALID_OR_EXPIRED_TOKEN', 'VALIDATION_FAILED']).toContain(answer.code);
    }
  });

  it('ADV-47 a refresh token with another session id, generation or tag is refused', async () => {
    const [ada, bob] = [await registerPerson(server), await registerPerson(server)];
    const token = Buffer.from(ada.refreshToken, 'base64url');
    const other = Buffer.from(bob.refreshToken, 'base64url');
    const spliced = Buffer.concat([other.subarray(0, 16), token.subarray(16)]);
    for (let offset = 0; offset < token.length; offset += 1) {
      const changed = Buffer.from(token);
      changed[offset] = (changed[offset] ?? 0) ^ 0x80;
      const answer = await server.mutate('refreshSession', {
        refreshToken: changed.toString('base64url'),
      });
      expect.soft(answer.code, `byte ${offset}`).toBe('INVALID_OR_EXPIRED_TOKEN');
    }
    for (const value of [
      spliced.toString('base64url'),
      `${ada.refreshToken}=`,
      ` ${ada.refreshToken}`,
      token.toString('base64'),
      token.toString('hex'),
    ]) {
      const answer = await server.mutate('refreshSession', { refreshToken: value });
      if (value !== ada.refreshToken) expect(answer.code).toBe('INVALID_OR_EXPIRED_TOKEN');
    }
    // None of these counted as reuse: both sessions are still alive.
    for (const person of [ada, bob]) {
      expect(
        (await server.mutate('refreshSession', { refreshToken: person.refreshToken })).__typename,
      ).toBe('AuthTokens');
    }
  });
});
