import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { meQuery } from '../../testing/client.ts';
import { registerPerson, signIn } from '../../testing/people.ts';
import { auditOf, sessionsOf, setRoles, suspendUser } from '../../testing/rows.ts';
import { hashSessionId } from '../audit/record.ts';

const refused = { __typename: 'AuthError', code: 'INVALID_OR_EXPIRED_TOKEN' };
const day = 24 * 3600;

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const refresh = (refreshToken: string) => server.mutate('refreshSession', { refreshToken });
const reasonOf = async (token: string) =>
  (await server.send(meQuery, {}, { token })).errors[0]?.extensions.reason;

describe('refreshSession refuses', () => {
  it('SE-1 a token that was never issued, in the same words', async () => {
    const person = await registerPerson(server);
    const first = await refresh('nonsense');
    expect(first).toMatchObject(refused);
    const ending = person.refreshToken.endsWith('AA') ? 'BB' : 'AA';
    const changed = `${person.refreshToken.slice(0, -2)}${ending}`;
    for (const token of [
      changed,
      person.accessToken.slice(0, 512),
      person.sessionId,
      '\u0000',
      'ä'.repeat(91),
    ]) {
      expect(await refresh(token)).toEqual(first);
    }
    expect(await server.mutate('refreshSession', {})).toEqual(first);
    expect(await auditOf(server, person.id, 'refresh.reused')).toEqual([]);
  });

  it('SE-2 a spent token after the grace window: the family ends, the owner is told', async () => {
    const person = await registerPerson(server);
    const other = await signIn(server, person);
    const second = await refresh(person.refreshToken);
    server.clock.advance(20);
    expect(await refresh(person.refreshToken)).toMatchObject(refused);

    expect(await refresh(second.refreshToken)).toMatchObject(refused);
    expect(await reasonOf(second.accessToken)).toBe('SESSION_REVOKED');
    expect(await reasonOf(person.accessToken)).toBe('SESSION_REVOKED');
    const mail = await server.nextMail(person.email);
    expect(mail.subject).toBe('We ended a session of your account');
    expect(mail.text).toContain('127.0.0.0/24');

    // Repeated by either party, nothing more happens.
    expect(await refresh(person.refreshToken)).toMatchObject(refused);
    const events = await auditOf(server, person.id, 'refresh.reused');
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({
      outcome: 'FAILURE',
      sessionHash: hashSessionId(server.app, person.sessionId),
    });
    const told = server.mailbox
      .list()
      .filter(({ to, subject }) => to === person.email && subject === mail.subject);
    expect(told).toHaveLength(1);

    // Another session of the same user stays alive.
    expect(await refresh(other.refreshToken)).toMatchObject({ __typename: 'AuthTokens' });
    expect(await reasonOf(other.accessToken)).toBeUndefined();
  });

  it('SE-2 a token that is two generations old, however soon it is sent', async () => {
    const person = await registerPerson(server);
    const third = await refresh((await refresh(person.refreshToken)).refreshToken);
    expect(await refresh(person.refreshToken)).toMatchObject(refused);
    expect(await refresh(third.refreshToken)).toMatchObject(refused);
    expect(await auditOf(server, person.id, 'refresh.reused')).toHaveLength(1);
  });

  it('SE-4 every token at the absolute end, however often it was refreshed', async () => {
    const person = await registerPerson(server);
    let { refreshToken } = person;
    for (let days = 0; days < 30; days += 10) {
      const answer = await refresh(refreshToken);
      expect(answer).toMatchObject({ __typename: 'AuthTokens' });
      ({ refreshToken } = answer);
      server.clock.advance(10 * day - 1);
    }
    const last = await refresh(refreshToken);
    expect(last).toMatchObject({ __typename: 'AuthTokens' });
    expect(last.refreshTokenExpiresAt).toBe(last.session.expiresAt);
    // Nor does the access token outlive the session, for backends that only check the token.
    expect(Date.parse(last.accessTokenExpiresAt)).toBeLessThanOrEqual(
      Date.parse(last.session.expiresAt),
    );
    expect(decodeJwt(last.accessToken).exp).toBe(Date.parse(last.accessTokenExpiresAt) / 1000);
    server.clock.advance(4);
    expect(await refresh(last.refreshToken)).toMatchObject(refused);
    expect(await auditOf(server, person.id, 'refresh.reused')).toEqual([]);
  });

  it('SE-5 a session that was idle too long, by the server’s own clock', async () => {
    const person = await registerPerson(server);
    server.clock.advance(14 * day);
    expect(await refresh(person.refreshToken)).toMatchObject(refused);
    expect(await auditOf(server, person.id, 'refresh.reused')).toEqual([]);
  });

  it('SE-6 ADV-40 a user who was suspended meanwhile', async () => {
    const person = await registerPerson(server);
    await suspendUser(server, person.id);
    expect(await refresh(person.refreshToken)).toMatchObject(refused);
    expect(await auditOf(server, person.id, 'refresh.reused')).toEqual([]);
  });

  it('with RATE_LIMITED past the session’s budget; forged tokens, past the address’s', async () => {
    const tight = await server.another({ rateLimitMultiplier: 0.01 });
    try {
      const person = await registerPerson(server);
      let { refreshToken } = person;
      for (let count = 0; count < 3; count += 1) {
        ({ refreshToken } = await tight.mutate('refreshSession', { refreshToken }));
      }
      const limited = await tight.mutate('refreshSession', { refreshToken });
      expect(limited).toMatchObject({ code: 'RATE_LIMITED', retryAfter: 900 });
      expect(await auditOf(server, person.id, 'refresh.reused')).toEqual([]);

      server.clock.advance(900);
      const made = async () =>
        (await tight.mutate('refreshSession', { refreshToken: 'nonsense' })).code;
      const codes = [];
      for (let count = 0; count < 13; count += 1) codes.push(await made());
      expect(codes.slice(0, 12)).toEqual(Array(12).fill('INVALID_OR_EXPIRED_TOKEN'));
      expect(codes[12]).toBe('RATE_LIMITED');

      // Both end, and the address's budget does not affect holders of valid tokens.
      const other = await registerPerson(server);
      expect(
        await tight.mutate('refreshSession', { refreshToken: other.refreshToken }),
      ).toMatchObject({
        __typename: 'AuthTokens',
      });
      expect(await tight.mutate('refreshSession', { refreshToken })).toMatchObject({
        __typename: 'AuthTokens',
      });
    } finally {
      await tight.stop();
    }
  });
});

describe('refreshSession', () => {
  it('SE-3 gives the same successor within the grace window, which does not slide', async () => {
    const person = await registerPerson(server);
    const first = await refresh(person.refreshToken);
    server.clock.advance(10);
    const retry = await refresh(person.refreshToken);
    expect(retry.refreshToken).toBe(first.refreshToken);
    server.clock.advance(9);
    expect((await refresh(person.refreshToken)).refreshToken).toBe(first.refreshToken);
    server.clock.advance(1);
    expect(await refresh(person.refreshToken)).toMatchObject(refused);
    expect(await sessionsOf(server, person.id)).toHaveLength(1);
  });

  it('SE-3 ADV-11 30 at once with one token have one successor and all work', async () => {
    const person = await registerPerson(server);
    const answers = await Promise.all(
      Array.from({ length: 30 }, () => refresh(person.refreshToken)),
    );
    expect(new Set(answers.map(({ refreshToken }) => refreshToken)).size).toBe(1);
    for (const { accessToken } of answers) expect(await reasonOf(accessToken)).toBeUndefined();
    const [session] = await sessionsOf(server, person.id);
    expect(session).toMatchObject({ refreshGeneration: 1, revokedAt: null });
    expect(await refresh(answers[0].refreshToken)).toMatchObject({ __typename: 'AuthTokens' });
  });

  it('SE-6 reads roles again, and keeps when and how the user signed in', async () => {
    const person = await registerPerson(server);
    const before = decodeJwt(person.accessToken);
    await setRoles(server, person.id, ['editor']);
    server.clock.advance(60);
    const { accessToken, accessTokenExpiresAt, user } = await refresh(person.refreshToken);
    const after = decodeJwt(accessToken);
    expect(after).toMatchObject({
      sid: before['sid'],
      sub: before.sub,
      auth_time: before['auth_time'],
      amr: before['amr'],
    });
    expect(after['roles']).toEqual(['editor']);
    expect(user.roles).toEqual(['editor']);
    expect((after.exp ?? 0) - (after.iat ?? 0)).toBe(900);
    expect(Date.parse(accessTokenExpiresAt)).toBe((after.exp ?? 0) * 1000);
    expect(after.jti).not.toBe(before.jti);
  });

  it('SE-9 begins a session under a new id with each sign-in', async () => {
    const person = await registerPerson(server);
    const again = await signIn(server, person);
    expect(again.sessionId).not.toBe(person.sessionId);
  });
});
