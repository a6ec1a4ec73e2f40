import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { enrolTotp, signInWithApp } from '../../testing/authenticator.ts';
import { type Person, registerPerson } from '../../testing/people.ts';
import { auditOf, suspendUser } from '../../testing/rows.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

type Way = {
  /** What the owner already holds when the account is suspended. */
  readonly prepare?: (person: Person) => Promise<Record<string, unknown>>;
  /** Makes the attempt and returns its answer. */
  readonly attempt: (
    person: Person,
    held: Record<string, unknown>,
  ) => Promise<{ __typename?: string }>;
};

const wayOf = (way: Way): Way => way;

/** Every way to a session, or to what a session may do. Add new ones here. */
const ways: Readonly<Record<string, Way>> = {
  'a right password': wayOf({
    attempt: ({ email, password }) => server.mutate('login', { email, password }),
  }),
  'a right password, from a device that it knows': wayOf({
    attempt: ({ email, password, accessToken }) =>
      server.mutate('login', { email, password }, { token: accessToken }),
  }),
  'a code that was mailed before': wayOf({
    prepare: async ({ email }) => {
      const { id } = await server.mutate('requestLoginCode', { email });
      return { challengeId: id, code: await server.nextCode(email) };
    },
    attempt: (_person, held) => server.mutate('verifyOtp', held),
  }),
  'a second factor whose first was proved before': wayOf({
    prepare: async (person) => {
      const { phone } = await enrolTotp(server, person);
      const challenge = await server.mutate('login', {
        email: person.email,
        password: person.password,
      });
      return { challengeId: challenge.id, code: phone.nextCode() };
    },
    attempt: (_person, held) => server.mutate('verifyOtp', held),
  }),
  'a recovery code whose first factor was proved before': wayOf({
    prepare: async (person) => {
      const { recoveryCodes } = await enrolTotp(server, person);
      const challenge = await server.mutate('login', {
        email: person.email,
        password: person.password,
      });
      return { challengeId: challenge.id, code: recoveryCodes[0], method: 'RECOVERY_CODE' };
    },
    attempt: (_person, held) => server.mutate('verifyOtp', held),
  }),
  'a refresh token': wayOf({
    attempt: ({ refreshToken }) => server.mutate('refreshSession', { refreshToken }),
  }),
  'a reset link, and the password that it sets': wayOf({
    prepare: async ({ email }) => {
      await server.mutate('requestPasswordReset', { email });
      return { token: await server.nextToken(email) };
    },
    attempt: async ({ email }, { token }) => {
      const password = 'harbour violin copper monday';
      const reset = await server.mutate('resetPassword', { token, newPassword: password });
      const signedIn = await server.mutate('login', { email, password });
      return signedIn.__typename === 'AuthError' ? reset : signedIn;
    },
  }),
  'a step-up': wayOf({
    attempt: ({ password, accessToken }) =>
      server.mutate('reauthenticate', { password }, { token: accessToken }),
  }),
  'a step-up whose code was mailed before': wayOf({
    prepare: async (person) => {
      const { phone } = await enrolTotp(server, person);
      const fresh = await signInWithApp(server, person, phone);
      const { id } = await server.mutate(
        'reauthenticate',
        { password: person.password },
        { token: fresh.accessToken },
      );
      return { challengeId: id, code: phone.nextCode(), token: fresh.accessToken };
    },
    attempt: (_person, { token, ...input }) =>
      server.mutate('verifyOtp', input, { token: String(token) }),
  }),
  'a change of password': wayOf({
    attempt: ({ password, accessToken }) =>
      server.mutate(
        'changePassword',
        { currentPassword: password, newPassword: 'harbour violin copper monday' },
        { token: accessToken },
      ),
  }),
};

describe.each(Object.keys(ways))('a suspended account, with %s', (name) => {
  it('ADV-25 is refused without saying why', async () => {
    const way = ways[name];
    const person = await registerPerson(server);
    const held = (await way?.prepare?.(person)) ?? {};
    const opened = (await auditOf(server, person.id, 'session.opened')).length;
    await suspendUser(server, person.id);
    const answer = await way?.attempt(person, held);
    expect(answer?.__typename ?? 'refused').not.toMatch(/AuthTokens|OtpChallenge|RecoveryCodes/);
    expect(await auditOf(server, person.id, 'session.opened')).toHaveLength(opened);
    expect(await auditOf(server, person.id, 'session.stepped_up')).toEqual([]);
    expect(await auditOf(server, person.id, 'password.changed')).toEqual([]);
    // The refusal does not tell the caller of the suspension.
    expect(JSON.stringify(answer)).not.toMatch(/suspend|banned|locked/i);
  });
});

it('ADV-25 each of these ways works for a user who is not suspended', async () => {
  for (const [name, way] of Object.entries(ways)) {
    const person = await registerPerson(server);
    const answer = await way.attempt(person, (await way.prepare?.(person)) ?? {});
    expect.soft(answer.__typename, name).toMatch(/AuthTokens|OtpChallenge|AuthAccepted/);
  }
});
