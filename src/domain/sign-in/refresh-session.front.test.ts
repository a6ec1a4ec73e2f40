import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { meQuery } from '../../testing/client.ts';
import { gatewayToken, postForm } from '../../testing/doors.ts';
import { forge, partsOf } from '../../testing/forged-tokens.ts';
import { registerPerson, signIn } from '../../testing/people.ts';
import { auditOf, restoreSession, sessionsOf, setRoles, suspendUser } from '../../testing/rows.ts';
import { hashSessionId } from '../audit/record.ts';

const refused = { __typename: 'AuthError', code: 'INVALID_OR_EXPIRED_TOKEN' };
const day = 24 * 3600;

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ config: { gatewayToken } });
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
    expect(await reasonOf(second.accessToken)).toBeUndefined();
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

  it('SE-2 a token newer than its row, as after lost commits; the session lives on', async () => {
    const person = await registerPerson(server);
    const [before] = await sessionsOf(server, person.id);
    const second = await refresh(person.refreshToken);
    await restoreSession(server, before);
    expect(await refresh(second.refreshToken)).toMatchObject(refused);

    const lines = server.logLines.filter((line) => line.includes('refresh.ahead_of_store'));
    expect(lines.filter((line) => line.includes(person.id))).toHaveLength(1);
    expect(await auditOf(server, person.id, 'refresh.reused')).toEqual([]);
    expect(await refresh(person.refreshToken)).toMatchObject({ __typename: 'AuthTokens' });
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
    expect(await reasonOf(first.accessToken)).toBeUndefined();
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

describe('a lost answer that is asked for again after the grace window', () => {
  type Pair = { readonly accessToken: string; readonly refreshToken: string };
  const introspect = async (token: string) =>
    expect((await postForm(server, '/oauth/introspect', { token })).body['active']).toBe(true);
  /** The parent of a pair that was lost on its way to the client. */
  async function loseAnswer() {
    const person = await registerPerson(server);
    const lost: Pair = await refresh(person.refreshToken);
    server.clock.advance(21);
    return { person, lost, parent: person.refreshToken };
  }
  const expectReuse = async (personId: string, parent: string, lost: Pair) => {
    expect(await refresh(parent)).toMatchObject(refused);
    expect(await auditOf(server, personId, 'refresh.reused')).toHaveLength(1);
    expect(await refresh(lost.refreshToken)).toMatchObject(refused);
    expect(await reasonOf(lost.accessToken)).toBe('SESSION_REVOKED');
  };

  const ways: Readonly<Record<string, (lost: Pair) => Promise<unknown>>> = {
    'the successor was used': ({ refreshToken }) => refresh(refreshToken),
    'its access token was used': async ({ accessToken }) =>
      expect(await reasonOf(accessToken)).toBeUndefined(),
    'its access token was used at /verify': async ({ accessToken }) => {
      const headers = { authorization: `Bearer ${accessToken}` };
      expect((await fetch(`${server.url}/verify`, { headers })).status).toBe(200);
    },
    'a service introspected its access token': ({ accessToken }) => introspect(accessToken),
    'a service introspected the successor': ({ refreshToken }) => introspect(refreshToken),
    'its access token was used for a public field': async ({ accessToken }) => {
      const sent = await server.send('{ __typename }', {}, { token: accessToken });
      expect(sent.errors).toEqual([]);
    },
    'an access token of a version before was used': async ({ accessToken }) => {
      const { header, payload } = partsOf(accessToken);
      const changed = { header, payload: { ...payload, jti: 'kX0n-x9_generation-less' } };
      const { privateKey } = server.app.keyRing.signing();
      expect(await reasonOf(forge(changed, privateKey))).toBeUndefined();
    },
  };
  for (const [way, use] of Object.entries(ways)) {
    it(`X-17 SE-2 is a second holder’s where ${way}: the family ends`, async () => {
      const { person, lost, parent } = await loseAnswer();
      await use(lost);
      await expectReuse(person.id, parent, lost);
    });
  }

  it('X-17 SE-2 is a second holder’s once the answer that was given again was used', async () => {
    const { person, lost, parent } = await loseAnswer();
    const again: Pair = await refresh(parent);
    expect(await reasonOf(again.accessToken)).toBeUndefined();
    await expectReuse(person.id, parent, lost);
  });

  it('X-17 SE-2 is a second holder’s two generations later, whatever was shown', async () => {
    const { person, lost, parent } = await loseAnswer();
    const next: Pair = await refresh(lost.refreshToken);
    server.clock.advance(21);
    expect(await refresh(parent)).toMatchObject(refused);
    expect(await refresh(next.refreshToken)).toMatchObject(refused);
    expect(await auditOf(server, person.id, 'refresh.reused')).toHaveLength(1);
  });

  it('X-17 gets the same successor, however often, and no notice is sent', async () => {
    const { person, lost, parent } = await loseAnswer();
    for (let times = 0; times < 3; times += 1) {
      const again = await refresh(parent);
      expect(again).toMatchObject({ __typename: 'AuthTokens', refreshToken: lost.refreshToken });
      server.clock.advance(3600);
    }
    // What the client still holds from before shows nothing of the answer.
    const old = await refresh(parent);
    expect(await reasonOf(old.accessToken)).toBeUndefined();
    expect(await refresh(lost.refreshToken)).toMatchObject({ __typename: 'AuthTokens' });
    expect(await auditOf(server, person.id, 'refresh.reused')).toEqual([]);
    expect(await sessionsOf(server, person.id)).toMatchObject([{ revokedAt: null }]);
  });

  it('X-17 is not given away by the access token from before', async () => {
    const { person, parent, lost } = await loseAnswer();
    expect(await reasonOf(person.accessToken)).toBeUndefined();
    expect(await refresh(parent)).toMatchObject({ refreshToken: lost.refreshToken });
  });

  it('X-17 a client that loses every second answer for a minute is never signed out', async () => {
    const person = await registerPerson(server);
    let { refreshToken } = person;
    for (let round = 0; round < 40; round += 1) {
      const answer = await refresh(refreshToken);
      expect(answer).toMatchObject({ __typename: 'AuthTokens' });
      server.clock.advance(60);
      if (round % 2 === 0) continue;
      ({ refreshToken } = answer);
      if (round % 4 === 1) expect(await reasonOf(answer.accessToken)).toBeUndefined();
    }
    expect(await auditOf(server, person.id, 'refresh.reused')).toEqual([]);
  });

  it('X-17 is refused at the session’s idle end, which asking again does not move', async () => {
    const { person, parent } = await loseAnswer();
    const [before] = await sessionsOf(server, person.id);
    server.clock.advance(7 * day);
    expect(await refresh(parent)).toMatchObject({
      refreshTokenExpiresAt: before?.idleExpiresAt.toISOString(),
    });
    server.clock.advance(7 * day);
    expect(await refresh(parent)).toMatchObject(refused);
    expect(await auditOf(server, person.id, 'refresh.reused')).toEqual([]);
  });
});
