import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../testing/app.ts';
import { meQuery } from '../testing/client.ts';
import { freshAddress, goodPassword, registerPerson, signIn } from '../testing/people.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

describe('the main job', () => {
  it('refuses me for an invalid token, and answers null without one', async () => {
    const refused = await server.send(meQuery, {}, { token: 'nonsense' });
    expect(refused.status).toBe(401);
    expect(refused.errors[0]?.extensions).toMatchObject({
      code: 'UNAUTHENTICATED',
      reason: 'TOKEN_INVALID',
    });
    expect(refused.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
    const anonymous = await server.send(meQuery);
    expect(anonymous).toMatchObject({ status: 200, data: { me: null }, errors: [] });
  });

  it('registers, verifies, answers me, refreshes and logs out', async () => {
    const email = freshAddress();
    const challenge = await server.mutate('register', {
      email,
      password: goodPassword,
      name: 'Ada',
    });
    expect(challenge).toMatchObject({
      __typename: 'OtpChallenge',
      purpose: 'VERIFY_EMAIL',
      methods: ['EMAIL'],
    });
    expect(challenge.sentTo).toBe('p***@example.com');

    const tokens = await server.mutate('verifyOtp', {
      challengeId: challenge.id,
      code: await server.nextCode(email),
    });
    expect(tokens).toMatchObject({
      __typename: 'AuthTokens',
      user: { email, name: 'Ada', status: 'ACTIVE', emailVerified: true },
    });
    const answer = await server.send(meQuery, {}, { token: tokens.accessToken });
    expect(answer.data.me).toMatchObject({ id: tokens.user.id, email });

    const refreshed = await server.mutate('refreshSession', { refreshToken: tokens.refreshToken });
    expect(refreshed).toMatchObject({
      __typename: 'AuthTokens',
      session: { id: tokens.session.id },
    });
    expect(refreshed.refreshToken).not.toBe(tokens.refreshToken);

    expect(await server.mutate('logout', {}, { token: refreshed.accessToken })).toMatchObject({
      accepted: true,
    });
    const after = await server.send(meQuery, {}, { token: refreshed.accessToken });
    expect(after.errors[0]?.extensions).toMatchObject({
      code: 'UNAUTHENTICATED',
      reason: 'SESSION_REVOKED',
    });
    const dead = await server.mutate('refreshSession', { refreshToken: refreshed.refreshToken });
    expect(dead).toMatchObject({ __typename: 'AuthError', code: 'INVALID_OR_EXPIRED_TOKEN' });
  });

  it('signs in with the password, and with an e-mailed code', async () => {
    const person = await registerPerson(server);
    const again = await signIn(server, person);
    expect(again.id).toBe(person.id);
    const challenge = await server.mutate('requestLoginCode', { email: person.email });
    const tokens = await server.mutate('verifyOtp', {
      challengeId: challenge.id,
      code: await server.nextCode(person.email),
    });
    expect(tokens).toMatchObject({
      __typename: 'AuthTokens',
      user: { id: person.id },
      session: { methods: ['otp'] },
    });
  });
});
