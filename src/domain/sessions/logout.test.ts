import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { meQuery } from '../../testing/client.ts';
import { type Person, registerPerson, signIn } from '../../testing/people.ts';
import { ageProof, auditOf } from '../../testing/rows.ts';
import { hashSessionId } from '../audit/record.ts';

const accepted = { __typename: 'AuthAccepted', accepted: true };
const stepUp = { __typename: 'AuthError', code: 'STEP_UP_REQUIRED' };

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const logout = (input: Record<string, unknown>, token?: string) =>
  server.mutate('logout', input, { token });
const refresh = (refreshToken: string) => server.mutate('refreshSession', { refreshToken });

async function isAlive({ accessToken, id }: Pick<Person, 'accessToken' | 'id'>): Promise<boolean> {
  const { data, errors } = await server.send(meQuery, {}, { token: accessToken });
  if (data?.me?.id === id) return true;
  expect(errors[0]?.extensions.reason).toBe('SESSION_REVOKED');
  return false;
}

describe('logout ends nothing', () => {
  it('SE-8 of another user, neither by id nor by token, while signed in oneself', async () => {
    const [a, b] = [await registerPerson(server), await registerPerson(server)];
    expect(await logout({ refreshToken: b.sessionId }, a.accessToken)).toMatchObject(accepted);
    expect(await isAlive(b)).toBe(true);
    const alike = await signIn(server, a);
    expect(await logout({ refreshToken: b.refreshToken }, alike.accessToken)).toMatchObject(
      accepted,
    );
    expect([await isAlive(b), await isAlive(alike)]).toEqual([true, false]);
    const again = await signIn(server, a);
    expect(
      await logout({ refreshToken: b.refreshToken, everywhere: true }, again.accessToken),
    ).toMatchObject(accepted);
    expect(await isAlive(b)).toBe(true);
    expect(await isAlive(again)).toBe(false);
  });

  it('SE-8 for a token never issued, with the answer that a real one gets', async () => {
    const person = await registerPerson(server);
    const real = await logout({ refreshToken: person.refreshToken });
    expect(real).toEqual({ __typename: 'AuthAccepted', accepted: true });
    for (const refreshToken of [
      'nonsense',
      person.accessToken.slice(0, 500),
      person.refreshToken,
    ]) {
      expect(await logout({ refreshToken })).toEqual(real);
      expect(await logout({ refreshToken, everywhere: true })).toEqual(real);
    }
    expect(await logout({})).toEqual(real);
    expect(await logout({ everywhere: true })).toEqual(real);
  });

  it('SE-8 except the own session of a spent token, even with everywhere', async () => {
    const person = await registerPerson(server);
    const other = await signIn(server, person);
    const second = await refresh(person.refreshToken);
    const third = await refresh(second.refreshToken);
    expect(await logout({ refreshToken: person.refreshToken, everywhere: true })).toMatchObject(
      stepUp,
    );
    expect(await isAlive({ ...person, accessToken: third.accessToken })).toBe(false);
    expect(await isAlive(other)).toBe(true);
    // A logout is no reuse, and causes no alarm.
    expect(await auditOf(server, person.id, 'refresh.reused')).toEqual([]);

    expect(await logout({ refreshToken: third.refreshToken, everywhere: true })).toMatchObject(
      accepted,
    );
    expect(await isAlive(other)).toBe(true);
  });

  it.each(['bearer', 'refresh token', 'both'] as const)(
    'X-14 SE-12 SE-13 everywhere without a recent proof, by %s: the own session ends, no other',
    async (shown) => {
      const person = await registerPerson(server);
      const other = await signIn(server, person);
      await ageProof(server, person.sessionId, 600);
      const answer = await logout(
        { everywhere: true, ...(shown === 'bearer' ? {} : { refreshToken: person.refreshToken }) },
        shown === 'refresh token' ? undefined : person.accessToken,
      );
      expect(answer).toMatchObject(stepUp);
      expect([await isAlive(person), await isAlive(other)]).toEqual([false, true]);
      const closed = await auditOf(server, person.id, 'session.closed');
      expect(closed.map(({ detail }) => detail)).toEqual([{ reason: 'logout' }]);
      // Those who go on after the step-up, by signing in again, end the rest.
      const fresh = await signIn(server, person);
      expect(await logout({ everywhere: true }, fresh.accessToken)).toMatchObject(accepted);
      expect(await isAlive(other)).toBe(false);
    },
  );

  it('X-14 everywhere with another user’s token: the caller’s own session ends', async () => {
    const [a, b] = [await registerPerson(server), await registerPerson(server)];
    await ageProof(server, a.sessionId, 600);
    expect(
      await logout({ everywhere: true, refreshToken: b.refreshToken }, a.accessToken),
    ).toMatchObject(stepUp);
    expect([await isAlive(a), await isAlive(b)]).toEqual([false, true]);
  });
});

describe('logout with an expired access token', () => {
  it('SE-8 uses the refresh token where there is one, and a forged one ends nothing', async () => {
    const [a, b] = [await registerPerson(server), await registerPerson(server)];
    server.clock.advance(910);
    expect(await logout({ refreshToken: b.refreshToken }, a.accessToken)).toMatchObject(accepted);
    expect(await refresh(b.refreshToken)).toMatchObject({ code: 'INVALID_OR_EXPIRED_TOKEN' });
    expect(await logout({}, `${a.accessToken.slice(0, -4)}AAAA`)).toMatchObject(accepted);
    expect(await refresh(a.refreshToken)).toMatchObject({ __typename: 'AuthTokens' });
  });
});

describe('logout', () => {
  it('SE-7 ends the session at once: its refresh token and unexpired access token', async () => {
    const person = await registerPerson(server);
    expect(await logout({}, person.accessToken)).toMatchObject(accepted);
    expect(await isAlive(person)).toBe(false);
    expect(await refresh(person.refreshToken)).toMatchObject({ code: 'INVALID_OR_EXPIRED_TOKEN' });
    const [closed] = await auditOf(server, person.id, 'session.closed');
    expect(closed).toMatchObject({
      outcome: 'SUCCESS',
      sessionHash: hashSessionId(server.app, person.sessionId),
      detail: { reason: 'logout' },
    });
  });

  it('SE-8 is idempotent, and works with an expired access token', async () => {
    const person = await registerPerson(server);
    server.clock.advance(910);
    const input = { refreshToken: person.refreshToken };
    expect(await logout(input, person.accessToken)).toMatchObject(accepted);
    expect(await logout(input, person.accessToken)).toMatchObject(accepted);
    expect(await refresh(person.refreshToken)).toMatchObject({ code: 'INVALID_OR_EXPIRED_TOKEN' });
    expect(await auditOf(server, person.id, 'session.closed')).toHaveLength(1);
  });

  it('SE-8 ADV-45 with only an expired access token ends its session, and no other', async () => {
    const person = await registerPerson(server);
    const other = await signIn(server, person);
    server.clock.advance(910);
    expect(await logout({ everywhere: true }, person.accessToken)).toMatchObject(stepUp);
    expect(await logout({}, person.accessToken)).toMatchObject(accepted);
    expect(await logout({ everywhere: true }, person.accessToken)).toMatchObject(accepted);
    expect(await refresh(person.refreshToken)).toMatchObject({ code: 'INVALID_OR_EXPIRED_TOKEN' });
    const [closed, ...more] = await auditOf(server, person.id, 'session.closed');
    expect(closed).toMatchObject({
      sessionHash: hashSessionId(server.app, person.sessionId),
      detail: { reason: 'logout' },
    });
    expect(more).toEqual([]);
    expect(await refresh(other.refreshToken)).toMatchObject({ __typename: 'AuthTokens' });
  });

  it('SE-7 everywhere ends all of the user’s sessions, and no other user’s', async () => {
    const person = await registerPerson(server);
    const [other, stranger] = [await signIn(server, person), await registerPerson(server)];
    server.clock.advance(500);
    const fresh = await signIn(server, person);
    expect(await logout({ everywhere: true, refreshToken: fresh.refreshToken })).toMatchObject(
      accepted,
    );
    for (const ended of [person, other, fresh]) expect(await isAlive(ended)).toBe(false);
    expect(await isAlive(stranger)).toBe(true);
    const closed = await auditOf(server, person.id, 'session.closed');
    expect(closed.map(({ detail }) => detail)).toEqual(
      Array(3).fill({ reason: 'logout_everywhere' }),
    );
  });
});
