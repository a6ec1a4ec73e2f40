import {
  createHmac,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign as signBytes,
} from 'node:crypto';
import {
  type Json,
  type Lies,
  providerKey,
  type TestIdentityProvider,
} from './identity-provider.ts';

/** What a hostile provider answers, and the rule that refuses it, as the log has it. */
export type Hostile = readonly [
  what: string,
  lies: (double: TestIdentityProvider) => Lies,
  rule: RegExp,
];

const foreign = await providerKey('RS256', 'key-1');
export const elliptic = await providerKey('ES256', 'key-2');
const weak = generateKeyPairSync('rsa', { modulusLength: 1024 });

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

export const claims = (changes: Json): Lies => ({
  claims: (own) => without({ ...own, ...changes }),
});
/** `undefined` takes a claim away. */
function without(json: Json): Json {
  return Object.fromEntries(Object.entries(json).filter(([, value]) => value !== undefined));
}
const now = (double: TestIdentityProvider): number => Math.floor(double.now().getTime() / 1000);
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
const hmacBySecret = (double: TestIdentityProvider): Lies => ({
  idToken: async (own) => {
    const secret = double.entry().clientSecret;
    return craft({ alg: 'HS256' }, own, hs256(secret?.kind === 'text' ? secret.value : ''));
  },
});
const byForeignKey: Lies = {
  idToken: async (own) => craft({ alg: 'RS256', kid: 'key-1' }, own, rs256(foreign.privateKey)),
};

export const hostileTokens: readonly Hostile[] = [
  ['of algorithm none', () => algNone, /"alg" header/],
  ['of algorithm none, advertised', () => ({ ...algNone, ...advertised('none') }), /no algorithm/],
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
  ['under HMAC by the secret', hmacBySecret, /"alg" header/],
  [
    'under HMAC by the secret, advertised alone',
    (double) => ({ ...hmacBySecret(double), ...advertised('HS256') }),
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
  ['signed by a foreign key of the same name', () => byForeignKey, /signature verification failed/],
  [
    'signed by a key that is not published',
    () => ({
      idToken: async (own) => craft({ alg: 'RS256', kid: 'none' }, own, rs256(foreign.privateKey)),
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
    (double) => ({ jwks: () => ({ keys: [{ ...double.key.publicJwk, use: 'enc' }] }) }),
    /no applicable keys/,
  ],
  [
    'signed by one of two keys without saying which',
    (double) => ({
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
  ['of an issuer with a slash more', (double) => claims({ iss: `${double.issuer}/` }), /"iss"/],
  ['of two issuers', (double) => claims({ iss: [double.issuer, 'https://evil.example'] }), /"iss"/],
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
  ['that is over', (double) => claims({ exp: now(double) - 31 }), /expiration/],
  ['that is never over', () => claims({ exp: undefined }), /"exp"/],
  ['that is over at a text', () => claims({ exp: '9999999999' }), /"exp"/],
  ['that is not yet', (double) => claims({ nbf: now(double) + 60 }), /"nbf"/],
  ['of 1970', () => claims({ iat: 0 }), /^iat$/],
  ['of eleven minutes ago', (double) => claims({ iat: now(double) - 660 }), /^iat$/],
  [
    'of in eleven minutes',
    (double) => claims({ iat: now(double) + 660, exp: now(double) + 3600 }),
    /^iat$/,
  ],
  ['of no time', () => claims({ iat: undefined }), /"iat"/],
  ['of a time that is a text', (double) => claims({ iat: `${now(double)}` }), /"iat"/],
];

export const hostileSubjects: readonly Hostile[] = [
  ['none', () => claims({ sub: undefined }), /"sub"/],
  ['null', () => claims({ sub: null }), /"sub"/],
  ['a number', () => claims({ sub: 7 }), /"sub"/],
  ['an object', () => claims({ sub: { id: 'ada' } }), /"sub"/],
  ['a list', () => claims({ sub: ['ada'] }), /"sub"/],
  ['true', () => claims({ sub: true }), /"sub"/],
  ['empty', () => claims({ sub: '' }), /^subject$/],
  ['blank', () => claims({ sub: '   ' }), /^subject$/],
  ['256 characters', () => claims({ sub: 's'.repeat(256) }), /^subject$/],
  ['a line break', () => claims({ sub: 'ada\n' }), /^subject$/],
  ['no ASCII', () => claims({ sub: 'ada\u0000' }), /^subject$/],
  ['look-alikes', () => claims({ sub: '\u0430da' }), /^subject$/],
];

export const set = (name: string, value: string): Lies => ({
  callback: (parameters) => parameters.set(name, value),
});
const add = (name: string, value: string): Lies => ({
  callback: (parameters) => parameters.append(name, value),
});
const drop = (name: string): Lies => ({ callback: (parameters) => parameters.delete(name) });

/** What the browser brings back. */
export const hostileCallbacks: readonly Hostile[] = [
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
];

/** Where the ID token has no address. */
export const hostileUserinfo: readonly Hostile[] = [
  ['of another subject', () => ({ userinfo: (own) => ({ ...own, sub: 'eve' }) }), /"sub"/],
  ['of no subject', () => ({ userinfo: ({ sub: _, ...own }) => own }), /"sub"/],
  [
    'of a subject that is no text',
    () => ({ userinfo: (own) => ({ ...own, sub: ['ada'] }) }),
    /"sub"/,
  ],
  ['of a list', () => ({ userinfo: (own) => [own] }), /object/],
  ['that fails', () => ({ broken: { '/userinfo': 500 } }), /status code/],
  ['that leads elsewhere', () => ({ broken: { '/userinfo': 302 } }), /^call: redirected$/],
];

const body = (changes: Json): Lies => ({ tokens: (own) => without({ ...own, ...changes }) });

export const hostileTokenEndpoints: readonly Hostile[] = [
  [
    'that refuses the client',
    () => ({ tokens: () => ({ error: 'invalid_client' }) }),
    /"access_token"/,
  ],
  ['without an access token', () => body({ access_token: undefined }), /"access_token"/],
  ['with a token of another type', () => body({ token_type: 'mac' }), /token_type/],
  ['that says nothing', () => ({ tokens: () => 'ok' }), /object/],
  ['that fails', () => ({ broken: { '/token': 503 } }), /status code/],
  ['that leads elsewhere', () => ({ broken: { '/token': 307 } }), /^call: redirected$/],
];

const says = (changes: Json): Lies => ({
  discovery: (document) => without({ ...document, ...changes }),
});

export const hostileDocuments: readonly Hostile[] = [
  ['of another issuer', () => says({ issuer: 'https://evil.example' }), /another issuer/],
  ['of no issuer', () => says({ issuer: undefined }), /another issuer/],
  ['without a token endpoint', () => says({ token_endpoint: undefined }), /token_endpoint/],
  ['with an endpoint that is no address', () => says({ jwks_uri: 'keys' }), /jwks_uri/],
  [
    'with an endpoint of a script',
    () => says({ authorization_endpoint: 'javascript:alert(1)' }),
    /auth/,
  ],
  [
    'with an endpoint that is a file',
    () => says({ userinfo_endpoint: 'file:///etc/passwd' }),
    /user/,
  ],
  ['that is a list', () => ({ discovery: () => [] }), /no JSON object/],
  [
    'that is missing',
    () => ({ broken: { '/.well-known/openid-configuration': 404 } }),
    /status 404/,
  ],
  [
    'that is elsewhere',
    () => ({ broken: { '/.well-known/openid-configuration': 301 } }),
    /^call: redirected$/,
  ],
];
