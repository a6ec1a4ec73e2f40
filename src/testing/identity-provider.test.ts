import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startIdentityProvider, type TestIdentityProvider } from './identity-provider.ts';
import { startOAuth2Provider } from './oauth2-provider.ts';

const verifier = 'v'.repeat(43);
const redirectUri = 'http://localhost:4000/identity/callback/double';

describe('the double of an OpenID provider', () => {
  let provider: TestIdentityProvider;
  beforeAll(async () => {
    provider = await startIdentityProvider();
  });
  afterAll(() => provider.stop());

  const authorize = (changes: Record<string, string> = {}): string => {
    const challenge = createHash('sha256').update(verifier).digest('base64url');
    const parameters = new URLSearchParams({
      client_id: 'latchkey',
      response_type: 'code',
      redirect_uri: redirectUri,
      state: 'of-the-test',
      nonce: 'n',
      code_challenge: challenge,
      code_challenge_method: 'S256',
      ...changes,
    });
    return `${provider.issuer}/authorize?${parameters}`;
  };
  const redeem = async (sentBack: string, changes: Record<string, string> = {}) => {
    const secret = provider.entry().clientSecret;
    const answer = await fetch(`${provider.issuer}/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        code: new URL(sentBack).searchParams.get('code') ?? '',
        redirect_uri: redirectUri,
        client_id: 'latchkey',
        client_secret: secret?.kind === 'text' ? secret.value : '',
        code_verifier: verifier,
        ...changes,
      }),
    });
    return answer.status;
  };

  it('ID-1 sends no browser on without an S256 challenge', async () => {
    for (const changes of [{ code_challenge: '' }, { code_challenge_method: 'plain' }])
      expect((await fetch(authorize(changes))).status).toBe(400);
  });

  it('ID-1 gives tokens for the verifier of the challenge, once', async () => {
    const other = await provider.press(authorize());
    expect(await redeem(other.url, { code_verifier: 'w'.repeat(43) })).toBe(400);
    expect(await redeem(other.url)).toBe(400);
    const { url } = await provider.press(authorize());
    expect(new URL(url).searchParams.get('state')).toBe('of-the-test');
    expect(await redeem(url, { client_secret: 'another' })).toBe(401);
    expect(await redeem(url)).toBe(200);
    expect(await redeem(url)).toBe(400);
  });

  it('waits for its button where it has one', async () => {
    provider.page = 'button';
    expect(await (await fetch(authorize())).text()).toContain('<button>Continue');
    expect((await provider.press(authorize())).url).toContain(`${redirectUri}?code=`);
  });

  it('posts its answer by a form, with the name the first time, as Apple does', async () => {
    const apple = await startIdentityProvider({ responseMode: 'form_post' });
    const at = authorize().replace(provider.issuer, apple.issuer);
    const first = await apple.press(at);
    expect(first).toMatchObject({ url: redirectUri });
    expect(JSON.parse(first.form?.get('user') ?? '')).toMatchObject({ name: { firstName: 'Ada' } });
    expect((await apple.press(at)).form?.has('user')).toBe(false);
    await apple.stop();
  });
});

describe('the double of an OAuth 2 provider', () => {
  it('says nothing of anyone to those without its token', async () => {
    const provider = await startOAuth2Provider();
    expect((await fetch(`${provider.origin}/user/emails`)).status).toBe(401);
    await provider.stop();
  });
});
