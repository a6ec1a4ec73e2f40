import {
  createHmac,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign as signBytes,
} from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { IdentityProvider } from '../../config/identity-providers.ts';
import {
  type Json,
  type Lies,
  type ProviderKey,
  providerKey,
  startIdentityProvider,
  type TestIdentityProvider,
} from '../../testing/identity-provider.ts';
import { createTestRelyingParty, signInAt } from '../../testing/provider-flow.ts';

/** A token of any form, written by hand where the library would not. */
function craft(header: Json, claims: unknown, sign: (data: Buffer) => Buffer): string {
  const part = (json: unknown): string => Buffer.from(JSON.stringify(json)).toString('base64url');
  const data = `${part(header)}.${part(claims)}`;
  return `${data}.${sign(Buffer.from(data)).toString('base64url')}`;
}

const rs256 = (key: KeyObject) => (data: Buffer) => signBytes('sha256', data, key);
const hs256 = (secret: string | Buffer) => (data: Buffer) =>
  createHmac('sha256', secret).update(data).digest();
const unsigned = () => Buffer.alloc(0);

function spoil(token: string, part: number): string {
  return token
    .split('.')
    .map((text, index) =>
      index === part ? `${text[0] === 'A' ? 'B' : 'A'}${text.slice(1)}` : text,
    )
    .join('.');
}

let foreign: ProviderKey;
let elliptic: ProviderKey;
const weak = generateKeyPairSync('rsa', { modulusLength: 1024 });
let double: TestIdentityProvider;
beforeAll(async () => {
  foreign = await providerKey('RS256', 'key-1');
  elliptic = await providerKey('ES256', 'key-2');
  double = await startIdentityProvider();
});
afterAll(() => double.stop());

/** What a provider that lies gets: its answer, or the rule that the log names. */
async function outcome(
  lies: Lies,
  entry: Partial<IdentityProvider> = {},
): Promise<{ readonly answer?: unknown; readonly rule?: string }> {
  double.lies = lies;
  const seen: string[] = [];
  double.lies = {
    ...lies,
    tokens: (body) => {
      for (const value of Object.values(body)) if (typeof value === 'string') seen.push(value);
      return lies.tokens?.(body) ?? body;
    },
  };
  const party = createTestRelyingParty([double.entry(entry)]);
  try {
    return { answer: await signInAt(party, double) };
  } catch (error) {
    // A cause would quote what was sent.
    expect([error, (error as Error).cause]).toMatchObject([
      { code: 'PROVIDER_REFUSED' },
      undefined,
    ]);
    const log = party.logLines.join('\n');
    expect(party.logLines).toHaveLength(1);
    const { event, provider, rule } = JSON.parse(log);
    expect({ event, provider }).toEqual({
      event: 'identity.provider_refused',
      provider: 'double',
    });
    // ID-18: neither what it gave out nor what it was asked with.
    const form = double.forms.at(-1);
    const asked = double.requests.at(-1);
    for (const secret of [...seen, ...(form?.values() ?? []), asked?.state, asked?.nonce])
      if (secret && secret.length > 20) expect(log).not.toContain(secret);
    return { rule };
  } finally {
    double.lies = {};
    double.onlyInUserinfo = [];
  }
}

const claims = (changes: Json): Lies => ({ claims: (own) => without({ ...own, ...changes }) });
/** `undefined` takes a claim away. */
function without(json: Json): Json {
  return Object.fromEntries(Object.entries(json).filter(([, value]) => value !== undefined));
}
const now = () => Math.floor(Date.now() / 1000);
const advertised = (...algs: string[]): Lies => ({
  discovery: (document) => ({ ...document, id_token_signing_alg_values_supported: algs }),
});
const published = (...keys: Json[]): Lies => ({ jwks: () => ({ keys }) });
const algNone: Lies = { idToken: async (own) => craft({ alg: 'none' }, own, unsigned) };
/** The classic: the public key taken for a shared one. */
const hmacByPublicKey: Lies = {
  idToken: async (own, key) => {
    const pem = createPublicKey(key.privateKey).export({ type: 'spki', format: 'pem' });
    return craft({ alg: 'HS256', kid: key.kid }, own, hs256(pem.toString()));
  },
};
const hmacBySecret: Lies = {
  idToken: async (own) => {
    const secret = double.entry().clientSecret;
    return craft({ alg: 'HS256' }, own, hs256(secret?.kind === 'text' ? secret.value : ''));
  },
};
const byForeignKey: Lies = {
  idToken: async (own) => craft({ alg: 'RS256', kid: 'key-1' }, own, rs256(foreign.privateKey)),
};

describe('ID-4 an ID token', () => {
  it.each<[string, () => Lies, RegExp]>([
    ['of algorithm none', () => algNone, /"alg" header/],
    [
      'of algorithm none, advertised',
      () => ({ ...algNone, ...advertised('none') }),
      /no algorithm/,
    ],
    [
      'of algorithm none, advertised beside another',
      () => ({ ...algNone, ...advertised('RS256', 'none') }),
      /"alg" header/,
    ],
    ['under HMAC by the public key', () => hmacByPublicKey, /"alg" header/],
    [
      'under HMAC by the public key, advertised',
      () => ({ ...hmacByPublicKey, ...advertised('RS256', 'HS256') }),
      /"alg" header/,
    ],
    ['under HMAC by the secret', () => hmacBySecret, /"alg" header/],
    [
      'under HMAC by the secret, advertised alone',
      () => ({ ...hmacBySecret, ...advertised('HS256') }),
      /no algorithm/,
    ],
    [
      'under HMAC by a key that is published',
      () => ({
        ...published({ kty: 'oct', k: 'c2VjcmV0', alg: 'HS256', kid: 'key-1' }),
        ...advertised('RS256', 'HS256'),
        idToken: async (own) => craft({ alg: 'HS256', kid: 'key-1' }, own, hs256('secret')),
      }),
      /"alg" header/,
    ],
    [
      'signed by a foreign key of the same name',
      () => byForeignKey,
      /signature verification failed/,
    ],
    [
      'signed by a key that is not published',
      () => ({
        idToken: async (own) =>
          craft({ alg: 'RS256', kid: 'none' }, own, rs256(foreign.privateKey)),
      }),
      /no applicable keys/,
    ],
    [
      'signed by the key in its own header',
      () => ({
        idToken: async (own) =>
          craft(
            { alg: 'RS256', jwk: foreign.publicJwk, jku: 'https://evil.example/keys' },
            own,
            rs256(foreign.privateKey),
          ),
      }),
      /signature verification failed/,
    ],
    [
      'signed by a key for encryption',
      () => ({ jwks: () => ({ keys: [{ ...double.key.publicJwk, use: 'enc' }] }) }),
      /no applicable keys/,
    ],
    [
      'signed by one of two keys without saying which',
      () => ({
        jwks: () => ({ keys: [double.key.publicJwk, { ...foreign.publicJwk, kid: 'key-3' }] }),
        header: ({ alg }) => ({ alg }),
      }),
      /multiple applicable keys/,
    ],
    [
      'signed by a key of another kind than it says',
      () => ({
        ...published(elliptic.publicJwk),
        idToken: async (own) =>
          craft({ alg: 'RS256', kid: 'key-2' }, own, (data) =>
            signBytes('sha256', data, { key: elliptic.privateKey, dsaEncoding: 'ieee-p1363' }),
          ),
      }),
      /no applicable keys/,
    ],
    [
      'of an algorithm that is not advertised',
      () => ({
        ...published(elliptic.publicJwk),
        idToken: async (own) =>
          craft({ alg: 'ES256', kid: 'key-2' }, own, (data) =>
            signBytes('sha256', data, { key: elliptic.privateKey, dsaEncoding: 'ieee-p1363' }),
          ),
      }),
      /"alg" header/,
    ],
    [
      'signed by RSA of 1024 bits',
      () => ({
        ...published({ ...weak.publicKey.export({ format: 'jwk' }), kid: 'weak', alg: 'RS256' }),
        idToken: async (own) => craft({ alg: 'RS256', kid: 'weak' }, own, rs256(weak.privateKey)),
      }),
      /modulusLength/,
    ],
    [
      'with another signature',
      () => ({
        idToken: async (own, key) =>
          spoil(craft({ alg: 'RS256', kid: key.kid }, own, rs256(key.privateKey)), 2),
      }),
      /signature verification failed/,
    ],
    [
      'with claims of another time than its signature',
      () => ({
        idToken: async (own, key) => {
          const signed = craft({ alg: 'RS256', kid: key.kid }, own, rs256(key.privateKey));
          const changed = craft({ alg: 'RS256', kid: key.kid }, { ...own, sub: 'eve' }, unsigned);
          return `${changed}${signed.split('.')[2]}`;
        },
      }),
      /signature verification failed/,
    ],
    [
      'with a critical extension',
      () => ({
        idToken: async (own, key) =>
          craft({ alg: 'RS256', kid: key.kid, crit: ['x'], x: 1 }, own, rs256(key.privateKey)),
      }),
      /crit/,
    ],
    ['that is encrypted', () => ({ idToken: async () => 'a.b.c.d.e' }), /JWE/],
    ['that is none', () => ({ idToken: async () => 'token' }), /Invalid JWT/],
    [
      'that is no object',
      () => ({ idToken: async () => craft({ alg: 'RS256' }, [], unsigned) }),
      /object/,
    ],
    ['that is not there', () => ({ idToken: async () => undefined }), /"id_token"/],
    ['whose keys are not there', () => published(), /no applicable keys/],
    ['whose keys are no list', () => ({ jwks: () => ({ keys: 'key-1' }) }), /"keys"/],
    ['whose keys cannot be had', () => ({ broken: { '/jwks': 500 } }), /status code/],
    ['of a foreign issuer, ADV-3', () => claims({ iss: 'https://evil.example' }), /"iss"/],
    ['of no issuer', () => claims({ iss: undefined }), /"iss"/],
    ['of an issuer with a slash more', () => claims({ iss: `${double.issuer}/` }), /"iss"/],
    ['of two issuers', () => claims({ iss: [double.issuer, 'https://evil.example'] }), /"iss"/],
    ['for another audience', () => claims({ aud: 'another' }), /"aud"/],
    ['for other audiences', () => claims({ aud: ['another', 'more'] }), /"aud"/],
    ['for no audience', () => claims({ aud: undefined }), /"aud"/],
    ['for an empty audience', () => claims({ aud: [] }), /"aud"/],
    ['for an audience that is no text', () => claims({ aud: 7 }), /"aud"/],
    ['for two audiences without azp', () => claims({ aud: ['latchkey', 'more'] }), /"aud"/],
    [
      'for two audiences with a foreign azp',
      () => claims({ aud: ['latchkey', 'more'], azp: 'more' }),
      /"azp"/,
    ],
    ['for a foreign azp', () => claims({ azp: 'more' }), /^azp$/],
    ['without the nonce', () => claims({ nonce: undefined }), /"nonce"/],
    ['with another nonce', () => claims({ nonce: 'another' }), /"nonce"/],
    ['with a nonce that is no text', () => claims({ nonce: 7 }), /"nonce"/],
    ['that is over', () => claims({ exp: now() - 31 }), /expiration/],
    ['that is never over', () => claims({ exp: undefined }), /"exp"/],
    ['that is over at a text', () => claims({ exp: '9999999999' }), /"exp"/],
    ['that is not yet', () => claims({ nbf: now() + 60 }), /"nbf"/],
    ['of 1970', () => claims({ iat: 0 }), /^iat$/],
    ['of eleven minutes ago', () => claims({ iat: now() - 660 }), /^iat$/],
    ['of in eleven minutes', () => claims({ iat: now() + 660, exp: now() + 3600 }), /^iat$/],
    ['of no time', () => claims({ iat: undefined }), /"iat"/],
    ['of a time that is a text', () => claims({ iat: `${now()}` }), /"iat"/],
  ])('is refused %s', async (_what, lies, rule) => {
    expect((await outcome(lies())).rule).toMatch(rule);
  });

  it.each<[string, () => Lies]>([
    ['for one audience of a list', () => claims({ aud: ['latchkey'] })],
    ['for two audiences with our azp', () => claims({ aud: ['latchkey', 'x'], azp: 'latchkey' })],
    ['of nine minutes ago', () => claims({ iat: now() - 540 })],
    ['over since a moment', () => claims({ exp: now() - 20 })],
    ['signed by the one key without a name', () => ({ header: ({ alg }) => ({ alg }) })],
    [
      'signed by the second key',
      () => ({ jwks: () => ({ keys: [elliptic.publicJwk, double.key.publicJwk] }) }),
    ],
  ])('is taken %s', async (_what, lies) => {
    expect((await outcome(lies())).answer).toMatchObject({ subject: 'ada' });
  });
});

describe('a subject', () => {
  it.each<[string, unknown, RegExp]>([
    ['none', undefined, /"sub"/],
    ['null', null, /"sub"/],
    ['a number', 7, /"sub"/],
    ['an object', { id: 'ada' }, /"sub"/],
    ['a list', ['ada'], /"sub"/],
    ['true', true, /"sub"/],
    ['empty', '', /^subject$/],
    ['blank', '   ', /^subject$/],
    ['256 characters', 's'.repeat(256), /^subject$/],
    ['a line break', 'ada\n', /^subject$/],
    ['no ASCII', 'ada\u0000', /^subject$/],
    ['look-alikes', '\u0430da', /^subject$/],
  ])('ID-6, ADV-70 is refused: %s', async (_what, sub, rule) => {
    expect((await outcome(claims({ sub }))).rule).toMatch(rule);
  });

  it('ID-6 has 255 characters at most, each as it came', async () => {
    for (const sub of ['s'.repeat(255), ' Ada|7 ', '0', 'null'])
      expect((await outcome(claims({ sub }))).answer).toMatchObject({ subject: sub });
  });
});

describe('what the browser brings back', () => {
  const set = (name: string, value: string): Lies => ({
    callback: (parameters) => parameters.set(name, value),
  });
  const add = (name: string, value: string): Lies => ({
    callback: (parameters) => parameters.append(name, value),
  });
  const drop = (name: string): Lies => ({ callback: (parameters) => parameters.delete(name) });

  it.each<[string, () => Lies, RegExp]>([
    ['ID-1 another state', () => set('state', 'another'), /"state"/],
    ['ID-1 no state', () => drop('state'), /"state"/],
    ['ID-1 two states', () => add('state', 'another'), /"state"/],
    ['ID-1 no code', () => drop('code'), /authorization code/],
    ['ID-1 two codes', () => add('code', 'another'), /"code"/],
    ['ID-1 a code of another flow', () => set('code', 'another'), /token endpoint: invalid_grant/],
    ['ID-3 another issuer', () => set('iss', 'https://evil.example'), /"iss"/],
    ['ID-3 no issuer where one was promised', () => drop('iss'), /"iss"/],
    ['ID-3 two issuers', () => add('iss', 'https://evil.example'), /"iss"/],
    ['a token in place of a code', () => set('id_token', 'a.b.c'), /implicit/],
    ['a response of another mode', () => set('response', 'a.b.c'), /JARM/],
    ['an error', () => set('error', 'server_error'), /^answered server_error$/],
    ['an error of no known form', () => set('error', 'Not <ok>'), /^answered an error$/],
  ])('is refused: %s', async (_what, lies, rule) => {
    expect((await outcome(lies())).rule).toMatch(rule);
  });

  it('ID-1 spends no code where the state or the issuer is another', async () => {
    const before = double.forms.length;
    await outcome(set('state', 'another'));
    await outcome(set('iss', 'https://evil.example'));
    expect(double.forms).toHaveLength(before);
  });

  it('ID-1 shows the provider the verifier of the challenge', async () => {
    await outcome({});
    expect(double.requests.at(-1)?.codeChallenge).toMatch(/^[\w-]{43}$/);
    expect(double.forms.at(-1)?.get('code_verifier')).toMatch(/^[\w-]{43}$/);
  });
});

describe('userinfo', () => {
  const asks = (lies: Lies): Promise<{ answer?: unknown; rule?: string }> => {
    double.onlyInUserinfo = ['email', 'email_verified'];
    return outcome(lies, { trustEmail: true });
  };
  it.each<[string, Lies, RegExp]>([
    ['of another subject', { userinfo: (own) => ({ ...own, sub: 'eve' }) }, /"sub"/],
    ['of no subject', { userinfo: ({ sub: _, ...own }) => own }, /"sub"/],
    ['of a subject that is no text', { userinfo: (own) => ({ ...own, sub: ['ada'] }) }, /"sub"/],
    ['of a list', { userinfo: (own) => [own] }, /object/],
    ['that fails', { broken: { '/userinfo': 500 } }, /status code/],
    ['that leads elsewhere', { broken: { '/userinfo': 302 } }, /^call: redirected$/],
  ])('ID-5, ADV-63 is refused %s', async (_what, lies, rule) => {
    expect((await asks(lies)).rule).toMatch(rule);
  });

  it('ID-5 of the same subject is taken', async () => {
    expect((await asks({})).answer).toMatchObject({ email: 'ada@example.com' });
  });

  it('ID-7 is the source of both the address and its proof, or of neither', async () => {
    double.onlyInUserinfo = ['email'];
    const unproved = { userinfo: ({ email_verified: _, ...own }: Json) => own };
    // The ID token says `email_verified: true` of an address that it does not name.
    expect((await outcome(unproved, { trustEmail: true })).answer).toMatchObject({
      email: 'ada@example.com',
      emailVerified: false,
    });
  });
});

describe('a token endpoint', () => {
  const body = (changes: Json): Lies => ({ tokens: (own) => without({ ...own, ...changes }) });
  it.each<[string, Lies, RegExp]>([
    ['that refuses the client', { tokens: () => ({ error: 'invalid_client' }) }, /"access_token"/],
    ['without an access token', body({ access_token: undefined }), /"access_token"/],
    ['with a token of another type', body({ token_type: 'mac' }), /token_type/],
    ['that says nothing', { tokens: () => 'ok' }, /object/],
    ['that fails', { broken: { '/token': 503 } }, /status code/],
    ['that leads elsewhere', { broken: { '/token': 307 } }, /^call: redirected$/],
  ])('is refused %s', async (_what, lies, rule) => {
    expect((await outcome(lies)).rule).toMatch(rule);
  });
});

describe('a discovery document', () => {
  const says = (changes: Json): Lies => ({
    discovery: (document) => without({ ...document, ...changes }),
  });
  it.each<[string, Lies, RegExp]>([
    ['of another issuer', says({ issuer: 'https://evil.example' }), /another issuer/],
    ['of no issuer', says({ issuer: undefined }), /another issuer/],
    ['without a token endpoint', says({ token_endpoint: undefined }), /token_endpoint/],
    ['with an endpoint that is no address', says({ jwks_uri: 'keys' }), /jwks_uri/],
    [
      'with an endpoint of a script',
      says({ authorization_endpoint: 'javascript:alert(1)' }),
      /auth/,
    ],
    ['with an endpoint that is a file', says({ userinfo_endpoint: 'file:///etc/passwd' }), /user/],
    ['that is a list', { discovery: () => [] }, /no JSON object/],
    ['that is missing', { broken: { '/.well-known/openid-configuration': 404 } }, /status 404/],
    [
      'that is elsewhere',
      { broken: { '/.well-known/openid-configuration': 301 } },
      /^call: redirected$/,
    ],
  ])('is refused %s', async (_what, lies, rule) => {
    const before = double.forms.length;
    expect((await outcome(lies)).rule).toMatch(rule);
    expect(double.forms).toHaveLength(before);
  });
});
