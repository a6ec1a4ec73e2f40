import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type { IdentityProvider } from '../../config/identity-providers.ts';
import { identityProvidersFile } from '../../config/read-identity-providers.ts';
import {
  appleSecret,
  type IdentityProviderOptions,
  startIdentityProvider,
  type TestIdentityProvider,
} from '../../testing/identity-provider.ts';
import { startOAuth2Provider, type TestOAuth2Provider } from '../../testing/oauth2-provider.ts';
import { startOidcProvider } from '../../testing/oidc-provider.ts';
import {
  createTestRelyingParty,
  newFlow,
  signInAt,
  type TestRelyingParty,
} from '../../testing/provider-flow.ts';

const running: { stop(): Promise<void> }[] = [];
afterAll(() => Promise.all(running.map((each) => each.stop())));

async function openId(
  options: IdentityProviderOptions = {},
  entry: Partial<IdentityProvider> = {},
): Promise<TestRelyingParty & { readonly double: TestIdentityProvider }> {
  const double = await startIdentityProvider(options);
  running.push(double);
  return { ...createTestRelyingParty([double.entry(entry)]), double };
}

async function plain(
  entry: Partial<IdentityProvider> = {},
): Promise<TestRelyingParty & { readonly double: TestOAuth2Provider }> {
  const double = await startOAuth2Provider();
  running.push(double);
  return { ...createTestRelyingParty([double.entry(entry)]), double };
}

describe('an OpenID provider', () => {
  it('vouches for its user', async () => {
    const party = await openId({}, { trustEmail: true });
    expect(await signInAt(party, party.double)).toEqual({
      issuer: party.double.issuer,
      subject: 'ada',
      email: 'ada@example.com',
      emailVerified: true,
      name: 'Ada',
      label: 'ada@example.com',
      provesSecondFactor: false,
    });
    expect(party.logLines).toEqual([]);
  });

  it.each(['RS256', 'ES256', 'EdDSA'] as const)('signs by %s', async (alg) => {
    const party = await openId({ alg });
    expect(await signInAt(party, party.double)).toMatchObject({ subject: 'ada' });
  });

  it('takes a secret by HTTP Basic, or none at all', async () => {
    for (const options of [
      { clientSecret: { kind: 'text', value: 'a:b c+d%/é' }, methods: ['client_secret_basic'] },
      { clientSecret: null, methods: ['none'] },
    ] as const) {
      const party = await openId(options);
      expect(await signInAt(party, party.double)).toMatchObject({ subject: 'ada' });
    }
  });

  it('is asked at userinfo for an address that the ID token does not have', async () => {
    const party = await openId({}, { trustEmail: true });
    await signInAt(party, party.double);
    expect(party.double.asked).not.toContain('/userinfo');
    party.double.onlyInUserinfo = ['email', 'email_verified'];
    expect(await signInAt(party, party.double)).toMatchObject({
      email: 'ada@example.com',
      emailVerified: true,
    });
    expect(party.double.asked).toContain('/userinfo');
  });

  it('gets a secret of Apple’s kind, signed anew each time, and posts its answer', async () => {
    const party = await openId({ responseMode: 'form_post', clientSecret: appleSecret() });
    const { double } = party;
    for (let n = 0; n < 2; n += 1) {
      expect(await signInAt(party, double)).toMatchObject({ subject: 'ada' });
      party.clock.advance(60);
    }
    const secrets = double.forms.map((form) => form.get('client_secret'));
    expect(new Set(secrets).size).toBe(2);
  });

  it('gets the hint of who wants to sign in', async () => {
    const { providers, double } = await openId();
    const provider = double.entry();
    const loginHint = 'ada@example.com';
    await double.press(
      await providers.authorizationUrl(provider, { ...newFlow('double'), loginHint }),
    );
    expect(double.requests).toMatchObject([{ loginHint, scope: 'openid email profile' }]);
  });
});

describe('oidc-provider, as any other', () => {
  it('takes the few lines of a file', async () => {
    const clientSecret = 'a-secret-of-thirty-two-characters';
    const redirectUris = [newFlow('acme').redirectUri];
    const real = await startOidcProvider({ clientId: 'latchkey', clientSecret, redirectUris });
    running.push(real);
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-any-'));
    writeFileSync(join(folder, 'acme.secret'), clientSecret);
    const file = join(folder, 'providers.json');
    const entry = {
      id: 'acme',
      name: 'Acme',
      issuer: real.issuer,
      clientId: 'latchkey',
      clientSecretFile: 'acme.secret',
    };
    writeFileSync(file, JSON.stringify([{ ...entry, trustEmail: true }]));
    const party = createTestRelyingParty(identityProvidersFile.parse(file));
    rmSync(folder, { recursive: true });
    const browser = {
      press: async (url: string) => ({ url: await real.press('Continue', url), form: null }),
    };
    // Its ID token has no address: userinfo is asked.
    expect(await signInAt(party, browser, 'acme')).toMatchObject({
      issuer: real.issuer,
      subject: 'ada',
      email: 'ada@example.com',
      emailVerified: true,
      name: 'Ada',
    });
    const denied = {
      press: async (url: string) => ({ url: await real.press('Cancel', url), form: null }),
    };
    await expect(signInAt(party, denied, 'acme')).rejects.toMatchObject({
      code: 'PROVIDER_REFUSED',
    });
    expect(party.logLines.map((line) => JSON.parse(line))).toMatchObject([
      { level: 'info', rule: 'answered access_denied' },
    ]);
  });
});

describe('an OAuth 2 provider', () => {
  let party: TestRelyingParty & { readonly double: TestOAuth2Provider };
  beforeEach(async () => {
    party = await plain({ trustEmail: true });
  });

  it('vouches for its user by its list of addresses', async () => {
    expect(await signInAt(party, party.double, 'plain')).toEqual({
      issuer: party.double.origin,
      subject: '583231',
      email: 'ada@example.com',
      emailVerified: true,
      name: 'Ada',
      label: 'ada',
      provesSecondFactor: false,
    });
  });

  it('is refused where it says 200 with an error in it', async () => {
    party.double.tokens = () => ({ error: 'bad_verification_code' });
    await expect(signInAt(party, party.double, 'plain')).rejects.toMatchObject({
      code: 'PROVIDER_REFUSED',
    });
  });

  it('is asked without a verifier where it takes none, as LinkedIn', async () => {
    const double = await startOAuth2Provider({ id: 'linked', usesPkce: false });
    running.push(double);
    const linked = createTestRelyingParty([double.entry()]);
    expect(await signInAt(linked, double, 'linked')).toMatchObject({ subject: '583231' });
  });
});
