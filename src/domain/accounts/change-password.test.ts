import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { meQuery } from '../../testing/client.ts';
import { freshAddress, type Person, registerPerson, signIn } from '../../testing/people.ts';
import { ageProof, auditOf } from '../../testing/rows.ts';

const otherPassword = 'copper willow thunder market';
const accepted = { __typename: 'AuthAccepted', accepted: true };

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const change = (
  person: Pick<Person, 'accessToken'>,
  currentPassword: unknown,
  newPassword: unknown = otherPassword,
) =>
  server.mutate('changePassword', { currentPassword, newPassword }, { token: person.accessToken });

async function isSignedIn(person: Pick<Person, 'accessToken'>): Promise<boolean> {
  const { data } = await server.send(meQuery, {}, { token: person.accessToken });
  return Boolean(data?.me);
}

describe('changePassword', () => {
  it('PW-12 requires the current password, even in a session that is a minute old', async () => {
    const person = await registerPerson(server);
    expect(await change(person, 'wrong wrong wrong')).toMatchObject({
      code: 'INVALID_CREDENTIALS',
    });
    expect(await change(person, '')).toMatchObject({
      code: 'VALIDATION_FAILED',
      fields: [{ path: 'currentPassword', code: 'REQUIRED' }],
    });
    for (const missing of [null, undefined]) {
      expect(await change(person, missing)).toMatchObject({
        code: 'VALIDATION_FAILED',
        fields: [{ path: 'currentPassword', code: 'REQUIRED' }],
      });
    }
    const anonymous = await server.mutate('changePassword', {
      currentPassword: person.password,
      newPassword: otherPassword,
    });
    expect(anonymous.errors[0].extensions.code).toBe('UNAUTHENTICATED');
    await signIn(server, person);
  });

  it('PW-12 accepts the current password as the only proof in an old session', async () => {
    const person = await registerPerson(server);
    await ageProof(server, person.sessionId, 3 * 24 * 3600);
    expect(await change(person, person.password)).toEqual(accepted);
  });

  it('PW-12 an account without a password sets one only after a fresh proof', async () => {
    const email = freshAddress();
    await server.mutate('register', { email, password: otherPassword });
    await server.nextCode(email);
    const challenge = await server.mutate('requestLoginCode', { email });
    const tokens = await server.mutate('verifyOtp', {
      challengeId: challenge.id,
      code: await server.nextCode(email),
    });
    expect(tokens.__typename).toBe('AuthTokens');
    await ageProof(server, tokens.session.id, 601);
    expect(await change(tokens, '', 'velvet harbor copper lantern')).toMatchObject({
      code: 'STEP_UP_REQUIRED',
    });
    await ageProof(server, tokens.session.id, -601);
    expect(await change(tokens, '', 'velvet harbor copper lantern')).toEqual(accepted);
    await signIn(server, { email, password: 'velvet harbor copper lantern' });
  });

  it('counts guesses of the current password, in whichever session they are made', async () => {
    const strict = await startTestServer({ config: { rateLimitMultiplier: 1 } });
    try {
      const person = await registerPerson(strict);
      const input = { currentPassword: 'wrong wrong wrong', newPassword: otherPassword };
      const codes: string[] = [];
      for (let guess = 0; guess < 12; guess += 1) {
        codes.push(
          (await strict.mutate('changePassword', input, { token: person.accessToken })).code,
        );
      }
      expect(codes.filter((code) => code === 'INVALID_CREDENTIALS')).toHaveLength(10);
      expect(codes.at(-1)).toBe('RATE_LIMITED');
      // Signing in is counted separately: a thief must not lock the owner out with these guesses.
      await signIn(strict, person);
    } finally {
      await strict.stop();
    }
  });

  it('SE-10 ends every other session and keeps this one', async () => {
    const person = await registerPerson(server);
    const phone = await signIn(server, person);
    expect(await change(person, person.password)).toEqual(accepted);
    expect(await isSignedIn(person)).toBe(true);
    expect(await isSignedIn(phone)).toBe(false);
    expect(
      await server.mutate('refreshSession', { refreshToken: phone.refreshToken }),
    ).toMatchObject({
      code: 'INVALID_OR_EXPIRED_TOKEN',
    });
    expect(
      await server.mutate('refreshSession', { refreshToken: person.refreshToken }),
    ).toMatchObject({
      __typename: 'AuthTokens',
    });
    expect(
      await server.mutate('login', { email: person.email, password: person.password }),
    ).toMatchObject({
      code: 'INVALID_CREDENTIALS',
    });
    await signIn(server, { email: person.email, password: otherPassword });
  });

  it('RC-8 notifies the owner once, without a secret in the mail, and audits it', async () => {
    const person = await registerPerson(server);
    await change(person, person.password);
    const notice = await server.nextMail(person.email);
    expect(notice.subject).toBe('Your password was changed');
    for (const secret of [person.password, otherPassword])
      expect(notice.text + notice.html).not.toContain(secret);
    const events = await auditOf(server, person.id, 'password.changed');
    expect(events).toMatchObject([{ outcome: 'SUCCESS', actorId: person.id }]);
  });

  it('of two concurrent changes one succeeds', async () => {
    const person = await registerPerson(server);
    const answers = await Promise.all(
      ['one', 'two', 'three'].map((word) =>
        change(person, person.password, `${otherPassword} ${word}`),
      ),
    );
    const won = answers.filter((answer) => answer.accepted);
    expect(won).toHaveLength(1);
    for (const answer of answers)
      if (!answer.accepted) expect(['CONFLICT', 'INVALID_CREDENTIALS']).toContain(answer.code);
  });
});
