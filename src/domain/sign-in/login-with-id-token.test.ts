import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { enrolTotp } from '../../testing/authenticator.ts';
import { createTestClock } from '../../testing/clock.ts';
import { signInByProvider, withProviders } from '../../testing/identities.ts';
import {
  type Json,
  startIdentityProvider,
  type TestIdentityProvider,
} from '../../testing/identity-provider.ts';
import { freshAddress, registerPerson, signIn } from '../../testing/people.ts';

let provider: TestIdentityProvider;
let one: TestServer;
let two: TestServer;
beforeAll(async () => {
  const clock = createTestClock();
  provider = await startIdentityProvider({ clock });
  const native = { trustEmail: true, nativeClientIds: ['com.example.app', 'one-tap'] };
  const entries = [
    provider.entry(native),
    provider.entry({ ...native, id: 'other', nativeClientIds: ['another app'] }),
    provider.entry({ id: 'web' }),
  ];
  one = await startTestServer({ clock, config: withProviders(entries) });
  two = await one.another();
});
afterAll(async () => {
  await two.stop();
  await one.stop();
  await provider.stop();
});
let user: Json;
beforeEach(() => {
  const email = freshAddress();
  user = { sub: email, email, email_verified: true };
});

const begin = (providerId = 'double') => one.mutate('requestIdTokenNonce', { providerId });
const complete = (nonceId: string, idToken: string, at = one) =>
  at.mutate('loginWithIdToken', { nonceId, idToken });
const refused = { __typename: 'AuthError', code: 'PROVIDER_REFUSED' };
const over = { __typename: 'AuthError', code: 'INVALID_OR_EXPIRED_TOKEN' };

it('ID-17 a token with our nonce, for one of the provider’s apps, signs in', async () => {
  for (const aud of ['com.example.app', 'one-tap']) {
    const { id, nonce } = await begin();
    expect(nonce).toMatch(/^[\w-]{43}$/);
    const answer = await complete(id, await provider.idToken({ ...user, aud, nonce }));
    expect(answer).toMatchObject({
      __typename: 'AuthTokens',
      user: { email: user['email'] },
      session: { identityProvider: 'double' },
    });
  }
});

it.each<readonly [string, (nonce: string) => Json]>([
  ['without a nonce', () => ({ aud: 'com.example.app' })],
  ['with another nonce', () => ({ aud: 'com.example.app', nonce: 'x'.repeat(43) })],
  ['for our web app alone', (nonce) => ({ aud: 'latchkey', nonce })],
  ['for an app of another provider', (nonce) => ({ aud: 'another app', nonce })],
  ['for two apps', (nonce) => ({ aud: ['com.example.app', 'evil'], nonce })],
  ['of another issuer', (nonce) => ({ aud: 'one-tap', nonce, iss: 'https://evil.example' })],
])('ID-17 a token %s signs no one in, and has used the nonce up', async (_, claims) => {
  const { id, nonce } = await begin();
  expect(await complete(id, await provider.idToken({ ...user, ...claims(nonce) }))).toMatchObject(
    refused,
  );
  const right = await provider.idToken({ ...user, aud: 'com.example.app', nonce });
  expect(await complete(id, right)).toMatchObject(over);
});

it('ID-17 ADV-31 a nonce is good once, for ten minutes, whoever is first', async () => {
  const { id, nonce } = await begin();
  const idToken = await provider.idToken({ ...user, aud: 'com.example.app', nonce });
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, n) => complete(id, idToken, n % 2 === 0 ? one : two)),
  );
  expect(answers.filter(({ __typename }) => __typename === 'AuthTokens')).toHaveLength(1);
  expect(answers.filter(({ code }) => code === over.code)).toHaveLength(19);
  const late = await begin();
  one.clock.advance(601);
  const token = await provider.idToken({ ...user, aud: 'com.example.app', nonce: late.nonce });
  expect(await complete(late.id, token)).toMatchObject(over);
  expect(await complete('made up', token)).toMatchObject(over);
});

it('ID-17 a nonce of one provider is worth nothing at another', async () => {
  const { id, nonce } = await begin('other');
  const idToken = await provider.idToken({ ...user, aud: 'com.example.app', nonce });
  expect(await complete(id, idToken)).toMatchObject(refused);
});

it('ID-17 providers without apps take none, nor does a nonce that no one asked for', async () => {
  expect(await begin('web')).toMatchObject(refused);
  expect(await begin('none')).toMatchObject(refused);
});

it('ID-14 ADV-68 the same rules follow as after a redirect', async () => {
  const person = await registerPerson(one);
  user = { sub: person.id, email: person.email, email_verified: true };
  const byToken = async () => {
    const { id, nonce } = await begin();
    return complete(id, await provider.idToken({ ...user, aud: 'one-tap', nonce }));
  };
  const asked = await byToken();
  expect(asked).toMatchObject({ __typename: 'OtpChallenge', purpose: 'LINK_IDENTITY' });
  const code = await one.nextCode(person.email);
  await one.mutate('verifyOtp', { challengeId: asked.id, code });
  await enrolTotp(one, await signIn(one, person));
  expect(await byToken()).toMatchObject({ purpose: 'LOGIN', methods: ['TOTP', 'RECOVERY_CODE'] });
  // One identity, whichever way it comes.
  provider.user = user;
  expect(await signInByProvider(one, provider)).toMatchObject({ purpose: 'LOGIN' });
});
