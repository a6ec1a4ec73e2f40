import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { enrolTotp } from '../../testing/authenticator.ts';
import { type MutationName, meQuery } from '../../testing/client.ts';
import { goodPassword, type Person, registerPerson } from '../../testing/people.ts';
import { ageProof, proveSecondFactor, sessionsOf, setRoles } from '../../testing/rows.ts';
import { stepUpLifetime } from './require-step-up.ts';

let server: TestServer;
let stranger: Person;
beforeAll(async () => {
  server = await startTestServer();
  stranger = await registerPerson(server);
});
afterAll(() => server.stop());

/**
 * Every mutation that requires a recent proof and changes nothing without it, with otherwise valid
 * input. Add new ones here. `logout` everywhere ends the caller's own session even so, see its
 * tests.
 */
const sensitive: readonly [MutationName, (person: Person) => Record<string, unknown>][] = [
  ['revokeSession', ({ sessionId }) => ({ sessionId })],
  ['startTotpEnrollment', () => ({})],
  ['startPasskeyRegistration', () => ({})],
  ['startPasskeyRegistration', () => ({ conditional: true })],
  ['removePasskey', ({ id }) => ({ passkeyId: id })],
  ['disableTotp', () => ({ code: '123456' })],
  ['regenerateRecoveryCodes', () => ({ code: '123456' })],
  ['requestEmailChange', () => ({ newEmail: 'new-address@example.com' })],
  ['exportAccount', () => ({})],
  ['deleteAccount', ({ email }) => ({ confirmEmail: email })],
];
/** The same for administrators. */
const administrative: readonly [MutationName, () => Record<string, unknown>][] = [
  ['suspendUser', () => ({ userId: stranger.id })],
  ['reinstateUser', () => ({ userId: stranger.id })],
  ['setUserRoles', () => ({ userId: stranger.id, roles: ['editor'] })],
  ['revokeUserSessions', () => ({ userId: stranger.id })],
  ['setUserMetadata', () => ({ userId: stranger.id, publicMetadata: { plan: 'free' } })],
  ['revokeUserSession', () => ({ userId: stranger.id, sessionId: stranger.sessionId })],
  ['resetUserPassword', () => ({ userId: stranger.id, reason: 'a list of passwords' })],
  ['resetUserFactors', () => ({ userId: stranger.id, reason: 'a lost phone' })],
];

describe('sensitive mutations require a recent proof, according to the session’s row', () => {
  for (const [name, input] of sensitive) {
    it(`SE-13 ${name}: STEP_UP_REQUIRED after ten minutes, despite a fresh token`, async () => {
      const person = await registerPerson(server);
      if (name === 'disableTotp' || name === 'regenerateRecoveryCodes')
        await enrolTotp(server, person);
      await ageProof(server, person.sessionId, stepUpLifetime);
      const { accessToken } = await server.mutate('refreshSession', {
        refreshToken: person.refreshToken,
      });
      // That its tokens were seen is noted at the first request with them.
      await server.send(meQuery, {}, { token: accessToken });
      const before = await sessionsOf(server, person.id);
      const answer = await server.mutate(name, input(person), { token: accessToken });
      expect(answer).toMatchObject({ __typename: 'AuthError', code: 'STEP_UP_REQUIRED' });
      expect(await sessionsOf(server, person.id)).toEqual(before);
    });
  }

  for (const [name, input] of administrative) {
    it(`SE-13 ${name}: STEP_UP_REQUIRED without recent proof or second factor`, async () => {
      const admin = await registerPerson(server);
      await setRoles(server, admin.id, ['admin']);
      const sender = { token: admin.accessToken };
      expect(await server.mutate(name, input(), sender)).toMatchObject({
        code: 'STEP_UP_REQUIRED',
      });
      await proveSecondFactor(server, admin.sessionId);
      await ageProof(server, admin.sessionId, stepUpLifetime);
      expect(await server.mutate(name, input(), sender)).toMatchObject({
        code: 'STEP_UP_REQUIRED',
      });
      const [session] = await sessionsOf(server, stranger.id);
      expect(session?.revokedAt).toBeNull();
    });
  }

  it('SE-13 SE-9 reauthenticate gives that proof, in a session under a new id', async () => {
    const person = await registerPerson(server);
    await ageProof(server, person.sessionId, stepUpLifetime);
    const input = { password: goodPassword };
    const { accessToken, session } = await server.mutate('reauthenticate', input, {
      token: person.accessToken,
    });
    expect(session.id).not.toBe(person.sessionId);
    const answer = await server.mutate('logout', { everywhere: true }, { token: accessToken });
    expect(answer).toMatchObject({ accepted: true });
  });
});
