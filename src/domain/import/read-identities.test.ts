import { describe, expect, it } from 'vitest';
import { type IdentityRules, readIdentities } from './read-identities.ts';

type Target = NonNullable<ReturnType<IdentityRules['targets']['get']>>;

const google = { id: 'google', issuer: 'https://accounts.google.com', tenants: null };
const github = { id: 'github', issuer: 'https://github.com', tenants: null };
const microsoft = {
  id: 'microsoft',
  issuer: 'https://login.microsoftonline.com/{tenantid}/v2.0',
  tenants: ['8f4d1a2e-6f0a-4d9e-8a39-3a1b0a1d5e11', '0b6b1a7c-1a50-4f6e-9b3a-5a3f0d3e2c22'],
};
const tenant = '0b6b1a7c-1a50-4f6e-9b3a-5a3f0d3e2c22';
const ofTenant = `https://login.microsoftonline.com/${tenant}/v2.0`;

const targets = new Map<string, Target>([
  ['google', google],
  ['google-oauth2', google],
  ['google.com', google],
  ['github', github],
  ['azure', microsoft],
  ['acme-tenant', microsoft],
]);

const read = (...list: readonly object[]) => readIdentities(list, { targets });
const subjects = (...list: readonly object[]) =>
  read(...list).identities.map(({ providerId, subject }) => `${providerId} ${subject}`);

/** As each system exports them, with all that it has. */
const exported = {
  supabase: {
    provider_id: '104729012345678901234',
    user_id: '7b1fbbbc-17ff-4ac8-8b80-5dd4c2b2a2b2',
    identity_data: {
      iss: 'https://accounts.google.com',
      sub: '104729012345678901234',
      email: 'ada@example.com',
      email_verified: true,
    },
    provider: 'google',
    last_sign_in_at: '2026-05-01T10:20:30.123456+00:00',
    created_at: '2026-05-01T10:20:30.123456+00:00',
    updated_at: '2026-05-01T10:20:30.123456+00:00',
    email: 'ada@example.com',
    id: '5e0b2a2f-6f0a-4d9e-8a39-3a1b0a1d5e11',
  },
  betterAuth: {
    id: 'kSGwTFDK4hUVGgpO',
    accountId: '104729012345678901234',
    providerId: 'google',
    userId: 'abcDEF123',
    accessToken: null,
    refreshToken: null,
    idToken: null,
    scope: 'openid,email,profile',
    password: null,
    createdAt: '2026-05-01T10:20:30.000Z',
  },
  auth0: {
    connection: 'google-oauth2',
    provider: 'google-oauth2',
    user_id: '104729012345678901234',
    isSocial: true,
    access_token: 'ya29.secret',
  },
  firebase: {
    providerId: 'google.com',
    rawId: '104729012345678901234',
    email: 'ada@example.com',
    displayName: 'Ada',
    photoUrl: 'https://lh3.googleusercontent.com/a',
  },
  firebaseSdk: {
    uid: '104729012345678901234',
    displayName: 'Ada',
    email: 'ada@example.com',
    photoURL: null,
    providerId: 'google.com',
  },
  nextAuth: {
    id: 'cm4b1',
    userId: 'cm4a0',
    type: 'oidc',
    provider: 'google',
    providerAccountId: '104729012345678901234',
    access_token: 'ya29.secret',
    expires_at: 1764530577,
    token_type: 'bearer',
  },
  keycloak: {
    identityProvider: 'google',
    userId: '104729012345678901234',
    userName: 'ada@example.com',
  },
};

describe('identities of an import', () => {
  it.each(Object.entries(exported))('are read as %s exports them', (_system, row) => {
    expect(read(row)).toEqual({
      identities: [
        {
          providerId: 'google',
          issuer: 'https://accounts.google.com',
          subject: '104729012345678901234',
        },
      ],
      unmapped: [],
    });
  });

  it('are read from JSON in a text, and nothing is read from nothing', () => {
    const text = JSON.stringify([exported.supabase]);
    expect(readIdentities(text, { targets }).identities).toHaveLength(1);
    for (const none of [undefined, null, '', 'NULL', '\\N', '[]', []])
      expect(readIdentities(none, { targets })).toEqual({ identities: [], unmapped: [] });
  });

  it('are told by name where nobody has mapped the provider', () => {
    const { identities, unmapped } = read(
      { provider: 'twitter', providerAccountId: '1' },
      exported.nextAuth,
      { provider: 'constructor', providerAccountId: '1' },
      { provider: 'twitter' },
    );
    expect(identities).toHaveLength(1);
    expect(unmapped).toEqual(['twitter', 'constructor', 'twitter']);
  });

  it('are no identities where the other system lists its own ways to sign in', () => {
    const own = [
      { provider: 'email', provider_id: 'x', identity_data: {} },
      { provider: 'phone', provider_id: 'x' },
      { providerId: 'credential', accountId: 'x', password: 'secret' },
      { connection: 'Username-Password-Authentication', provider: 'auth0', user_id: 'x' },
      { providerId: 'password', rawId: 'ada@example.com' },
    ];
    expect(read(...own)).toEqual({ identities: [], unmapped: [] });
  });

  it('ID-6 keep a number as the text that it is, once', () => {
    expect(subjects({ provider: 'github', providerAccountId: 583231 })).toEqual(['github 583231']);
    expect(
      subjects(
        { provider: 'github', providerAccountId: 583231 },
        { provider: 'github', accountId: '583231' },
      ),
    ).toEqual(['github 583231']);
  });

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['an empty text', ''],
    ['too long a text', 'x'.repeat(256)],
    ['half a character', '\ud800'],
    ['a control character', 'a\u0000b'],
    ['a number that was rounded', 2 ** 53],
    ['a fraction', 1.5],
    ['an object', { toString: () => '1' }],
    ['a list', ['1']],
  ])('ID-6 refuse %s for a subject, by member and rule', (_title, subject) => {
    const row = { provider: 'github', providerAccountId: subject };
    expect(() => read(exported.nextAuth, row)).toThrow('[1].subject is not 1 to 255 characters');
  });

  it('take no user of the other system for the provider’s', () => {
    for (const row of [
      { provider: 'google', user_id: 'x', identity_data: {} },
      { providerId: 'google', userId: 'x' },
      { provider: 'google', userId: 'x', type: 'oidc' },
    ])
      expect(() => read(row)).toThrow('[0].subject');
  });

  it.each([
    ['whose issuer it is', { iss: ofTenant }],
    ['in what Supabase keeps of the ID token', { identity_data: { iss: ofTenant } }],
    ['which tenant', { tid: tenant }],
  ])('ID-4 of several tenants have the issuer where the line says %s', (_title, more) => {
    const row = { provider: 'azure', provider_id: 'AAAA', ...more };
    expect(read(row).identities).toEqual([
      { providerId: 'microsoft', issuer: ofTenant, subject: 'AAAA' },
    ]);
  });

  it.each([
    ['nothing is said', {}],
    ['another is named', { iss: 'https://login.microsoftonline.com/evil/v2.0' }],
    ['the tenant is not allowed', { tid: '11111111-6f0a-4d9e-8a39-3a1b0a1d5e11' }],
  ])('ID-4 of several tenants are refused where %s', (_title, more) => {
    const row = { provider: 'azure', provider_id: 'AAAA', ...more };
    expect(() => read(row)).toThrow('[0].issuer names no tenant that the provider is set up for');
  });

  it('are found by the connection where Auth0 has two of one kind', () => {
    const row = { connection: 'acme-tenant', provider: 'waad', user_id: 'AAAA', tid: tenant };
    expect(subjects(row)).toEqual(['microsoft AAAA']);
  });

  it.each([
    ['a word', 'yes', 'are no array of objects'],
    ['an object', { provider: 'google' }, 'are no array of objects'],
    ['a list of texts', ['google'], 'are no array of objects'],
    ['too many', Array.from({ length: 101 }, () => ({})), 'are more than 100'],
    ['no provider', [{ subject: '1' }], '[0].provider is missing'],
  ])('are refused as %s', (_title, value, reason) => {
    expect(() => readIdentities(value, { targets })).toThrow(reason);
  });
});
