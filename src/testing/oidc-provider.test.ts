import * as client from 'openid-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OidcProvider, startOidcProvider } from './oidc-provider.ts';

const redirectUri = 'http://localhost:4000/identity/callback/acme';
const clientSecret = 'a secret of the tests, long enough';

let provider: OidcProvider;
let config: client.Configuration;

beforeAll(async () => {
  provider = await startOidcProvider({
    clientId: 'latchkey',
    clientSecret,
    redirectUris: [redirectUri],
  });
  config = await client.discovery(new URL(provider.issuer), 'latchkey', clientSecret, undefined, {
    execute: [client.allowInsecureRequests],
  });
});
afterAll(() => provider.stop());

const verifier = client.randomPKCECodeVerifier();
const checks = { expectedState: 'state', expectedNonce: 'nonce', pkceCodeVerifier: verifier };

async function begin(): Promise<string> {
  return client.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri,
    scope: 'openid email profile',
    state: 'state',
    nonce: 'nonce',
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  }).href;
}

describe('the OpenID provider of the tests', () => {
  it('sends back a refusal where the person cancels', async () => {
    const back = new URL(await provider.press('Cancel', await begin()));
    expect(back.searchParams.get('error')).toBe('access_denied');
    expect(back.searchParams.get('iss')).toBe(provider.issuer);
    expect(provider.visits()).toBe(1);
  });

  it('takes a code once, and only with its verifier', async () => {
    const back = new URL(await provider.press('Continue', await begin()));
    expect(back.href.startsWith(`${redirectUri}?`)).toBe(true);
    const wrong = { ...checks, pkceCodeVerifier: client.randomPKCECodeVerifier() };
    await expect(client.authorizationCodeGrant(config, back, wrong)).rejects.toThrow();
    await client.authorizationCodeGrant(config, back, checks);
    await expect(client.authorizationCodeGrant(config, back, checks)).rejects.toThrow();
  });

  it('vouches for whoever presses the button', async () => {
    for (const name of ['Ada', 'Grace']) {
      provider.user = { sub: name, email: `${name}@example.com`, email_verified: true, name };
      const back = new URL(await provider.press('Continue', await begin()));
      const tokens = await client.authorizationCodeGrant(config, back, checks);
      expect(tokens.claims()).toMatchObject({ sub: name, iss: provider.issuer });
      expect(await client.fetchUserInfo(config, tokens.access_token, name)).toEqual(provider.user);
    }
  });
});
