import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { secondsAfter } from '../../clock.ts';
import { findUserById } from '../../db/queries/users.ts';
import { type Administrator, makeAdministrator } from '../../testing/administrators.ts';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { signInWithApp } from '../../testing/authenticator.ts';
import { meQuery } from '../../testing/client.ts';
import { registerPerson, signIn } from '../../testing/people.ts';
import { auditOf } from '../../testing/rows.ts';
import { endSuspensions } from './end-suspensions.ts';

let server: TestServer;
let second: TestServer;
let admin: Administrator;
beforeAll(async () => {
  server = await startTestServer();
  second = await server.another();
  admin = await makeAdministrator(server);
});
afterAll(async () => {
  await second.stop();
  await server.stop();
});

const day = 24 * 3600;
const inSeconds = (seconds: number): Date => secondsAfter(server.clock.now(), seconds);
const asAdmin = () => ({ token: admin.accessToken });
const suspend = (userId: string, input: Record<string, unknown>) =>
  server.mutate('suspendUser', { userId, ...input }, asAdmin());
/** The clock moves on, and the administrator's step-up with it. */
async function wait(seconds: number): Promise<void> {
  server.clock.advance(seconds);
  admin = { ...admin, ...(await signInWithApp(server, admin, admin.phone)) };
}

describe('suspendUser until a time', () => {
  it.each([
    ['now', () => inSeconds(0), 'NOT_IN_FUTURE'],
    ['the past', () => inSeconds(-1), 'NOT_IN_FUTURE'],
    ['more than five years ahead', () => inSeconds(5 * 366 * day), 'TOO_FAR'],
  ])('is refused for %s, by field and rule', async (_what, until, code) => {
    const { id } = await registerPerson(server);
    const answer = await suspend(id, { until: until() });
    expect(answer).toMatchObject({ code: 'VALIDATION_FAILED', fields: [{ path: 'until', code }] });
    expect(answer.fields).toHaveLength(1);
    expect(await auditOf(server, id, 'user.suspended')).toEqual([]);
  });

  it('AZ-4 is refused to those who are no administrators before its rules are told', async () => {
    const person = await registerPerson(server);
    const input = { userId: admin.id, until: inSeconds(-1) };
    const answer = await server.mutate('suspendUser', input, { token: person.accessToken });
    expect(answer.errors[0].extensions.code).toBe('FORBIDDEN');
  });

  it('SE-11 ends sessions at once on every instance, and they stay ended afterwards', async () => {
    const person = await registerPerson(server);
    const until = inSeconds(day);
    const answer = await suspend(person.id, { until, reason: 'Ticket 1' });
    expect(answer).toMatchObject({ status: 'SUSPENDED', suspendedUntil: until.toISOString() });
    const me = () => second.send(meQuery, {}, { token: person.accessToken });
    expect((await me()).errors[0]?.extensions).toMatchObject({ reason: 'SESSION_REVOKED' });
    const login = { email: person.email, password: person.password };
    expect(await server.mutate('login', login)).toMatchObject({ code: 'INVALID_CREDENTIALS' });

    server.clock.set(secondsAfter(until, -1));
    expect(await endSuspensions(server.app)).toBe(0);
    expect(await server.mutate('login', login)).toMatchObject({ code: 'INVALID_CREDENTIALS' });
    server.clock.advance(1);
    expect(await endSuspensions(server.app)).toBe(1);
    expect((await me()).errors[0]?.extensions).toMatchObject({ code: 'UNAUTHENTICATED' });
    const { refreshToken } = person;
    expect(await server.mutate('refreshSession', { refreshToken })).toMatchObject({
      code: 'INVALID_OR_EXPIRED_TOKEN',
    });
    await signIn(server, person);
    const query = 'query Q($id: ID!) { user(id: $id) { status suspendedUntil } }';
    await wait(30);
    expect((await server.send(query, { id: person.id }, asAdmin())).data.user).toEqual({
      status: 'ACTIVE',
      suspendedUntil: null,
    });
  });

  it('opens each account once, whichever instances come to it, as the server’s doing', async () => {
    const people = await Promise.all(Array.from({ length: 5 }, () => registerPerson(server)));
    await wait(30);
    for (const { id } of people) await suspend(id, { until: inSeconds(60), reason: 'Ticket 2' });
    server.clock.advance(61);
    const runs = [server, second, server, second].map(({ app }) => endSuspensions(app));
    const opened = (await Promise.all(runs)).reduce((sum, count) => sum + count, 0);
    expect(opened).toBe(people.length);
    for (const { id } of people) {
      const events = await auditOf(server, id, 'user.reinstated');
      expect(events).toMatchObject([{ actorId: null, detail: { by: 'server' } }]);
      expect(await auditOf(server, id, 'user.suspended')).toMatchObject([
        { actorId: admin.id, detail: { reason: 'Ticket 2', until: expect.any(String) } },
      ]);
    }
    expect(await endSuspensions(server.app)).toBe(0);
  });

  it('opens, extends or reinstates at once: one comes first, and the trail tells all', async () => {
    for (let round = 0; round < 5; round += 1) {
      const { id } = await registerPerson(server);
      await wait(30);
      await suspend(id, { until: inSeconds(60) });
      server.clock.advance(61);
      const later = inSeconds(day);
      const [answer, , , reinstated] = await Promise.all([
        suspend(id, { until: later, reason: 'again' }),
        endSuspensions(server.app),
        endSuspensions(second.app),
        second.mutate('reinstateUser', { userId: id }, asAdmin()),
      ]);
      expect([answer.__typename, reinstated.__typename]).toEqual(['User', 'User']);
      const row = await findUserById(server.app.db, { id });
      const isOpen = row?.suspendedAt === null;
      expect(row?.suspendedUntil?.toISOString()).toBe(isOpen ? undefined : later.toISOString());
      const closings = await auditOf(server, id, 'user.suspended');
      const openings = await auditOf(server, id, 'user.reinstated');
      expect(closings).toHaveLength(2);
      expect(openings.length).toBeLessThanOrEqual(2);
      // The server opens nothing that was extended first.
      const byServer = openings.filter(({ actorId }) => actorId === null);
      expect(byServer.length).toBeLessThanOrEqual(1);
      if (isOpen) expect(openings.length).toBeGreaterThan(0);
      await server.mutate('reinstateUser', { userId: id }, asAdmin());
    }
  });

  it('again changes the time, without one until an administrator opens it', async () => {
    const { id } = await registerPerson(server);
    await wait(30);
    await suspend(id, { until: inSeconds(60) });
    const later = inSeconds(day);
    expect(await suspend(id, { until: later })).toMatchObject({
      suspendedUntil: later.toISOString(),
    });
    // The same once more is no change, and leaves no event.
    await suspend(id, { until: later });
    expect(await auditOf(server, id, 'user.suspended')).toHaveLength(2);
    server.clock.advance(61);
    expect(await endSuspensions(server.app)).toBe(0);
    expect(await suspend(id, {})).toMatchObject({ status: 'SUSPENDED', suspendedUntil: null });
    await wait(2 * day);
    expect(await endSuspensions(server.app)).toBe(0);
    await suspend(id, { until: inSeconds(60) });
    const reinstated = await server.mutate('reinstateUser', { userId: id }, asAdmin());
    expect(reinstated).toMatchObject({ status: 'ACTIVE', suspendedUntil: null });
    server.clock.advance(61);
    expect(await endSuspensions(server.app)).toBe(0);
    expect(await auditOf(server, id, 'user.reinstated')).toMatchObject([{ actorId: admin.id }]);
  });

  it('AZ-7 is refused for the last administrator, whatever the time', async () => {
    await wait(30);
    expect(await suspend(admin.id, { until: inSeconds(60) })).toMatchObject({ code: 'CONFLICT' });
  });

  it('AZ-6 is seen by administrators and by no other user', async () => {
    const { id } = await registerPerson(server);
    const other = await registerPerson(server);
    await wait(30);
    await suspend(id, { until: inSeconds(60) });
    const trail = '{ auditEvents(type: "user.suspended", first: 1) { edges { node { detail } } } }';
    const { data } = await server.send(trail, {}, asAdmin());
    expect(data.auditEvents.edges[0].node.detail).toEqual({ until: expect.any(String) });
    const hidden = await server.send(trail, {}, { token: other.accessToken });
    expect(hidden.errors[0]?.extensions.code).toBe('FORBIDDEN');
  });
});
