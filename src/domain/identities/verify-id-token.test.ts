import { createHmac, createPublicKey } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { IdentityProvider } from '../../config/identity-providers.ts';
import {
  type Json,
  providerKey,
  startIdentityProvider,
  type TestIdentityProvider,
} from '../../testing/identity-provider.ts';
import { createTestRelyingParty, type TestRelyingParty } from '../../testing/provider-flow.ts';

let double: TestIdentityProvider;
let party: TestRelyingParty;
let entry: IdentityProvider;
beforeAll(async () => {
  double = await startIdentityProvider();
});
afterAll(() => double.stop());
beforeEach(() => {
  double.lies = {};
  entry = double.entry({ nativeClientIds: ['ios.app', 'android.app'], trustEmail: true });
  party = createTestRelyingParty([entry]);
});

const nonce = 'nonce-of-ours';
const good = { sub: 'ada', aud: 'ios.app', email: 'ada@example.com', email_verified: true, nonce };
const verify = (idToken: string) => party.providers.verifyIdToken(entry, { idToken, nonce });
const issue = (changes: Json = {}): Promise<string> => double.idToken({ ...good, ...changes });
const now = () => Math.floor(party.clock.now().getTime() / 1000);

async function ruleFor(idToken: string): Promise<string> {
  await expect(verify(idToken)).rejects.toMatchObject({ code: 'PROVIDER_REFUSED' });
  const log = party.logLines.join('\n');
  expect(log).not.toContain(idToken.slice(0, 40));
  expect(log).not.toContain(nonce);
  return JSON.parse(log).rule;
}

describe('a native ID token', () => {
  it('ID-17 vouches for its user, for any of the native apps', async () => {
    for (const aud of ['ios.app', 'android.app', ['ios.app']])
      expect(await verify(await issue({ aud }))).toMatchObject({
        issuer: double.issuer,
        subject: 'ada',
        email: 'ada@example.com',
        emailVerified: true,
      });
    // Google's: for the web client, asked for by the app's.
    entry = double.entry({ nativeClientIds: ['web', 'android.app'] });
    expect(await verify(await issue({ aud: 'web', azp: 'android.app' }))).toMatchObject({
      subject: 'ada',
    });
    expect(double.asked.filter((path) => path === '/jwks')).toHaveLength(1);
  });

  it.each<[string, () => Json, RegExp]>([
    ['for the website', () => ({ aud: 'latchkey' }), /"aud"/],
    ['for another app', () => ({ aud: 'eve.app' }), /"aud"/],
    ['for no one', () => ({ aud: undefined }), /"aud"/],
    ['for two, without azp', () => ({ aud: ['ios.app', 'eve.app'] }), /^azp$/],
    [
      'for two, with a foreign azp',
      () => ({ aud: ['ios.app', 'eve.app'], azp: 'eve.app' }),
      /^azp$/,
    ],
    ['with a foreign azp', () => ({ azp: 'eve.app' }), /^azp$/],
    ['of another issuer, ADV-3', () => ({ iss: 'https://evil.example' }), /"iss"/],
    ['of no issuer', () => ({ iss: undefined }), /"iss"/],
    ['with another nonce', () => ({ nonce: 'another' }), /^nonce$/],
    ['without a nonce', () => ({ nonce: undefined }), /"nonce"/],
    ['with a nonce that is a list', () => ({ nonce: [nonce] }), /^nonce$/],
    ['that is over', () => ({ exp: now() - 31 }), /"exp"/],
    ['that is never over', () => ({ exp: undefined }), /"exp"/],
    ['that is not yet', () => ({ nbf: now() + 31 }), /"nbf"/],
    ['of 1970', () => ({ iat: 0 }), /^iat$/],
    ['of eleven minutes ago', () => ({ iat: now() - 660 }), /^iat$/],
    ['of in eleven minutes', () => ({ iat: now() + 660 }), /^iat$/],
    ['of no one', () => ({ sub: undefined }), /"sub"/],
    ['of an empty subject, ADV-70', () => ({ sub: '' }), /^subject$/],
    ['of a subject of 256 characters', () => ({ sub: 's'.repeat(256) }), /^subject$/],
  ])('ID-17, ID-4 is refused %s', async (_what, changes, rule) => {
    const claims = Object.entries({ ...good, ...changes() });
    double.lies = {
      claims: (own) =>
        Object.fromEntries(
          Object.entries({ ...own, ...Object.fromEntries(claims) }).filter(
            ([, value]) => value !== undefined,
          ),
        ),
    };
    expect(await ruleFor(await issue())).toMatch(rule);
  });

  it.each<[string, () => Promise<string>, RegExp]>([
    ['of algorithm none', async () => unsigned(await issue()), /"alg"/],
    ['under HMAC by the public key', async () => hmac(await issue()), /"alg"/],
    [
      'signed by a foreign key of the same name',
      async () => {
        const foreign = await providerKey('RS256', 'key-1');
        const { payload } = parts(await issue());
        const { SignJWT } = await import('jose');
        return new SignJWT(payload)
          .setProtectedHeader({ alg: 'RS256', kid: 'key-1' })
          .sign(foreign.privateKey);
      },
      /signature/,
    ],
    [
      'signed by an unknown key',
      () => {
        double.lies = { header: ({ alg }) => ({ alg, kid: 'unknown' }) };
        return issue();
      },
      /no applicable key/,
    ],
    ['that is no token', async () => 'x'.repeat(50), /Invalid Compact/],
    ['of 17 kB', async () => issue({ groups: 'g'.repeat(17_000) }), /too long/],
  ])('ID-17, ID-4 is refused %s', async (_what, token, rule) => {
    expect(await ruleFor(await token())).toMatch(rule);
  });

  it('ID-17 is refused where the provider has no native apps', async () => {
    entry = double.entry();
    expect(await ruleFor(await issue())).toBe('nativeClientIds: none');
  });

  it('ID-20 is refused while the provider is away', async () => {
    const gone = await startIdentityProvider();
    entry = gone.entry({ nativeClientIds: ['ios.app'] });
    const idToken = await issue();
    await gone.stop();
    expect(await ruleFor(idToken)).toBe('call: connection');
  });
});

function parts(token: string): { readonly payload: Json } {
  const [, payload = ''] = token.split('.');
  return { payload: JSON.parse(Buffer.from(payload, 'base64url').toString()) };
}

function headed(header: Json, token: string): string {
  return `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${token.split('.')[1]}`;
}

function unsigned(token: string): string {
  return `${headed({ alg: 'none' }, token)}.`;
}

function hmac(token: string): string {
  const pem = createPublicKey(double.key.privateKey).export({ type: 'spki', format: 'pem' });
  const data = headed({ alg: 'HS256', kid: 'key-1' }, token);
  return `${data}.${createHmac('sha256', pem.toString()).update(data).digest('base64url')}`;
}
