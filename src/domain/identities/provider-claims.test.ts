import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { IdentityProvider } from '../../config/identity-providers.ts';
import type { ProviderAnswer } from '../../ports.ts';
import {
  type Json,
  startIdentityProvider,
  type TestIdentityProvider,
} from '../../testing/identity-provider.ts';
import { startOAuth2Provider, type TestOAuth2Provider } from '../../testing/oauth2-provider.ts';
import { createTestRelyingParty, signInAt } from '../../testing/provider-flow.ts';
import { named } from '../../testing/provider-rewrites.ts';

let openId: TestIdentityProvider;
let plain: TestOAuth2Provider;
beforeAll(async () => {
  openId = await startIdentityProvider();
  plain = await startOAuth2Provider();
});
afterAll(() => Promise.all([openId.stop(), plain.stop()]));

/** Whether a sign-in vouches for its address. */
async function saysOf(user: Json, entry: Partial<IdentityProvider>): Promise<ProviderAnswer> {
  openId.user = { sub: 'ada', email: 'ada@example.com', ...user };
  return signInAt(createTestRelyingParty([openId.entry(entry)]), openId);
}

type Answered = ProviderAnswer | { readonly rule: unknown };

async function saysOfPlain(
  user: Json,
  { emails, ...entry }: Partial<IdentityProvider> & { readonly emails?: unknown } = {},
): Promise<Answered> {
  const made = plain.entry(entry);
  const { oauth2 } = made;
  const withList = emails !== undefined;
  plain.user = { id: 7, ...user };
  plain.emails = emails;
  const party = createTestRelyingParty([
    { ...made, oauth2: oauth2 && { ...oauth2, ...(withList ? {} : { emailsUrl: null }) } },
  ]);
  return signInAt(party, plain, 'plain').catch(() => ({
    rule: JSON.parse(party.logLines.join('')).rule as unknown,
  }));
}

describe('email_verified', () => {
  it.each<[string, unknown, boolean]>([
    ['true', true, true],
    ['the text true', 'true', false],
    ['the text false', 'false', false],
    ['1', 1, false],
    ['a list', [true], false],
    ['an object', {}, false],
    ['false', false, false],
    ['null', null, false],
    ['absent', undefined, false],
  ])('ID-7, ADV-63 counts as %s of a trusted provider, and never else', async (_what, said, is) => {
    const user = said === undefined ? {} : { email_verified: said };
    for (const trustEmail of [true, false]) {
      const emailVerified = is && trustEmail;
      expect(await saysOf(user, { trustEmail })).toMatchObject({ emailVerified });
      const ofPlain = { email: 'ada@example.com', ...user };
      expect(await saysOfPlain(ofPlain, { trustEmail })).toMatchObject({ emailVerified });
    }
  });

  it('ID-7 is nothing without an address, or with what is none', async () => {
    for (const email of [
      undefined,
      null,
      '',
      'ada',
      'ada@example.com, eve@example.com',
      ['a@b.cd'],
    ])
      expect(await saysOf({ email, email_verified: true }, { trustEmail: true })).toMatchObject({
        email: null,
        emailVerified: false,
      });
  });
});

describe('a list of addresses', () => {
  const list = (...entries: Json[]) => ({ emails: entries, trustEmail: true });
  const primary = { email: 'ada@example.com', primary: true, verified: true };

  it('ADV-33 has the address that is primary, and verified where it says true', async () => {
    for (const [verified, emailVerified] of [
      [true, true],
      ['true', false],
      [1, false],
      [false, false],
      [undefined, false],
    ])
      expect(await saysOfPlain({}, list({ ...primary, verified }))).toMatchObject({
        email: 'ada@example.com',
        emailVerified,
      });
  });

  it('ADV-67 is asked in place of the profile, which its owner writes', async () => {
    const user = { email: 'eve@example.com', email_verified: true, verified: true };
    const others = { ...primary, email: 'old@example.com', primary: false };
    for (const emails of [[], [others], [{ ...primary, primary: 'true' }], [null, 'x', 7]])
      expect(await saysOfPlain(user, { emails, trustEmail: true })).toMatchObject({
        email: null,
        emailVerified: false,
      });
  });

  it.each<[string, unknown]>([
    ['an object', { 0: primary }],
    ['null', null],
    ['a text', 'ada@example.com'],
  ])('is refused where it is %s', async (_what, emails) => {
    expect(await saysOfPlain({}, { emails, trustEmail: true })).toEqual({
      rule: 'emails: no list',
    });
  });
});

describe('a user of OAuth 2', () => {
  it('ID-6 has a number as text, in one way', async () => {
    for (const id of [7, '7']) expect(await saysOfPlain({ id })).toMatchObject({ subject: '7' });
  });

  it.each<[string, unknown]>([
    ['absent', undefined],
    ['null', null],
    ['empty', ''],
    ['an object', { id: 7 }],
    ['a list', [7]],
    ['true', true],
    ['no number', Number.NaN],
    ['0', 0],
    ['-1', -1],
    ['a fraction', 7.5],
    // Two neighbours of it read as the same number.
    ['too large for JSON', 2 ** 53],
    ['256 digits', '7'.repeat(256)],
  ])('ID-6, ADV-70 is refused with an id that is %s', async (_what, id) => {
    expect(await saysOfPlain({ id })).toEqual({ rule: 'subject' });
  });

  it('ID-6 is refused where the name of the id is one of every object', async () => {
    const { oauth2 } = plain.entry();
    for (const subject of ['constructor', '__proto__', 'id.length', 'toString.name']) {
      const members = { subject, email: 'email', emailVerified: 'e', name: 'n', label: 'l' };
      const entry = plain.entry({ oauth2: oauth2 && { ...oauth2, members } });
      plain.user = { id: '7' };
      await expect(signInAt(createTestRelyingParty([entry]), plain, 'plain')).rejects.toMatchObject(
        {
          code: 'PROVIDER_REFUSED',
        },
      );
    }
  });

  it('may stand one within another', async () => {
    const { oauth2 } = plain.entry();
    const members = {
      ...{ subject: 'data.id', email: 'data.email', emailVerified: 'data.ok' },
      ...{ name: 'data.name', label: 'data.name' },
    };
    const entry = plain.entry({ oauth2: oauth2 && { ...oauth2, emailsUrl: null, members } });
    plain.user = { data: { id: 'x-7', email: 'ada@example.com', name: 'Ada' } };
    expect(await signInAt(createTestRelyingParty([entry]), plain, 'plain')).toMatchObject({
      subject: 'x-7',
      email: 'ada@example.com',
      label: 'Ada',
    });
  });

  it.each<[string, (body: Json) => unknown, string]>([
    ['that is an error', () => ({ error: 'bad_code' }), 'token endpoint: bad_code'],
    ['that is any error', () => ({ error: '<a secret>' }), 'token endpoint: an error'],
    [
      'that is no bearer',
      (body) => ({ ...body, token_type: 'mac' }),
      'unsupported `token_type` value',
    ],
    [
      'that is none',
      ({ access_token: _, ...body }) => body,
      '"response" body "access_token" property must be a string',
    ],
  ])('is refused with a token %s', async (_what, tokens, rule) => {
    plain.tokens = tokens;
    expect(await saysOfPlain({})).toEqual({ rule });
    plain.tokens = null;
  });

  it('ID-1 is refused with another state', async () => {
    plain.callback = (parameters) => parameters.set('state', 'another');
    const before = plain.forms.length;
    expect(await saysOfPlain({})).toEqual({ rule: 'unexpected "state" response parameter value' });
    expect(plain.forms).toHaveLength(before);
    plain.callback = null;
  });
});

describe('names', () => {
  it('are one line, of a hundred characters at most', async () => {
    const name = `Ada\u202e\u0000 Lovelace\n${'x'.repeat(500)}`;
    const answer = await saysOf({ name }, {});
    expect(answer.name).toHaveLength(100);
    expect(answer.name).toMatch(/^Ada {1,2}Lovelace x+$/);
    for (const none of [undefined, null, 7, '', ' \n', { first: 'Ada' }, '\ud800'])
      expect(await saysOf({ name: none }, {})).toMatchObject({ name: null });
  });
});

describe('a second factor at the provider', () => {
  it.each<[Json, boolean]>([
    [{ amr: ['pwd', 'mfa'] }, true],
    [{ acr: 'phr' }, true],
    [{ amr: ['pwd', 'otp'] }, false],
    [{ amr: 'mfa' }, false],
    [{ acr: '1' }, false],
    [{}, false],
  ])('ID-14 counts of a trusted provider only: %j', async (user, proves) => {
    for (const trustsMfa of [true, false])
      expect(await saysOf(user, { trustsMfa })).toMatchObject({
        provesSecondFactor: proves && trustsMfa,
      });
  });
});

describe('Microsoft’s tenants', () => {
  const ours = '2f1b9c4e-0000-4000-8000-1234567890ab';
  const other = '3a2c8d5f-0000-4000-8000-1234567890ab';
  const origin = 'https://login.microsoftonline.com';
  const of = (tid: string) => `${origin}/${tid}/v2.0`;

  async function from(claims: Json, tenants: readonly string[]) {
    const folder = '/common/v2.0';
    const microsoft = named(openId, { origin, folder, issuer: `${origin}/{tenantid}/v2.0` });
    openId.lies = { ...microsoft.lies, claims: (own) => ({ ...own, ...claims }) };
    openId.user = { sub: 'ada', email: 'ada@example.com' };
    const entry = openId.entry({ issuer: microsoft.issuer, tenants });
    const party = createTestRelyingParty([entry], { egress: microsoft.egress() });
    try {
      return await signInAt(party, microsoft);
    } catch {
      return { rule: JSON.parse(party.logLines.join('')).rule as unknown };
    } finally {
      openId.lies = {};
    }
  }

  it('ID-4 are taken by the operator’s list, each with an issuer of its own', async () => {
    expect(await from({ iss: of(ours), tid: ours }, [ours, other])).toMatchObject({
      subject: 'ada',
      issuer: of(ours),
    });
    expect(await from({ iss: of(other), tid: other }, ['*'])).toMatchObject({ issuer: of(other) });
  });

  it.each<[string, Json, RegExp]>([
    ['another tenant', { iss: of(other), tid: other }, /^tenant$/],
    ['another tenant under our name', { iss: of(other), tid: ours }, /"iss"/],
    ['ours under another’s name', { iss: of(ours), tid: other }, /"iss"/],
    ['no tenant', { iss: of(ours), tid: undefined }, /"iss"/],
    ['no tenant, and a name that fits', { iss: of('undefined'), tid: undefined }, /^tenant$/],
    ['the placeholder', { iss: of('{tenantid}'), tid: '{tenantid}' }, /^tenant$/],
    ['a list of tenants', { iss: of(ours), tid: [ours] }, /^tenant$/],
    ['another host', { iss: `https://evil.example/${ours}/v2.0`, tid: ours }, /"iss"/],
  ])('ID-4, ADV-3 are refused: %s', async (_what, claims, rule) => {
    const answer = await from(claims, [ours]);
    expect('rule' in answer ? answer.rule : answer).toMatch(rule);
  });
});
