import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { enrolTotp } from '../../testing/authenticator.ts';
import { freshAddress, goodPassword, registerPerson, signIn } from '../../testing/people.ts';
import { type RangeStandIn, startRangeStandIn } from '../../testing/range-stand-in.ts';
import { auditOf } from '../../testing/rows.ts';

let range: RangeStandIn;
let server: TestServer;
beforeAll(async () => {
  range = await startRangeStandIn();
  server = await startTestServer({
    config: { breachedPasswords: { mode: 'range', url: range.url, file: null } },
  });
});
afterAll(async () => {
  await server.stop();
  await range.close();
});
beforeEach(() => {
  range.behave(null);
  range.listed.clear();
  range.asked.length = 0;
});
afterEach(() => range.behave(null));

const other = 'marble kettle drifts past noon';
const hintsAt = (id: string) => auditOf(server, id, 'password.breached');
const askedTimes = (times: number) =>
  expect.poll(() => range.asked.length, { timeout: 30_000 }).toBe(times);
const hinted = (id: string, times: number) =>
  expect.poll(async () => (await hintsAt(id)).length, { timeout: 30_000 }).toBe(times);

describe('a sign-in with a breached password', () => {
  it('PW-18 asks nothing about a password that is wrong, or of an unknown address', async () => {
    const person = await registerPerson(server);
    range.asked.length = 0;
    for (const email of [person.email, freshAddress()])
      expect(await server.mutate('login', { email, password: other })).toMatchObject({
        code: 'INVALID_CREDENTIALS',
      });
    await signIn(server, person);
    await askedTimes(1);
    expect(await hintsAt(person.id)).toEqual([]);
  });

  it('PW-18 succeeds, and its user reads of it in securityEvents, once a password', async () => {
    const person = await registerPerson(server);
    range.listed.add(goodPassword);
    const { accessToken } = await signIn(server, person);
    await hinted(person.id, 1);
    const { data } = await server.send(
      '{ account { securityEvents(first: 20) { edges { node { type outcome } } } } }',
      {},
      { token: accessToken },
    );
    const node = { type: 'password.breached', outcome: 'FAILURE' };
    expect(data.account.securityEvents.edges).toContainEqual({ node });

    range.asked.length = 0;
    await signIn(server, person);
    await askedTimes(1);
    // A second password, which is listed later: the sign-in after next is the one that waits here.
    server.clock.advance(60);
    const input = { currentPassword: goodPassword, newPassword: other };
    const changed = await server.mutate('changePassword', input, { token: accessToken });
    expect(changed.accepted).toBe(true);
    expect(await hintsAt(person.id)).toHaveLength(1);
    range.listed.add(other);
    await signIn(server, { ...person, password: other });
    await hinted(person.id, 2);
  });

  it('PW-18 does not wait for a list that does not answer', async () => {
    const person = await registerPerson(server);
    const { breachedPasswords } = server.app;
    let answer = (_isListed: boolean): void => {};
    const includes = () =>
      new Promise<boolean>((resolve) => {
        answer = resolve;
      });
    Object.assign(server.app, { breachedPasswords: { includes } });
    try {
      await signIn(server, person);
      expect(await hintsAt(person.id)).toEqual([]);
      answer(true);
      await hinted(person.id, 1);
    } finally {
      Object.assign(server.app, { breachedPasswords });
    }
  });

  it.each([500, 302])('PW-18 succeeds where the list answers %i', async (status) => {
    const person = await registerPerson(server);
    range.asked.length = 0;
    range.behave({ status, location: 'http://127.0.0.1:9/' });
    await signIn(server, person);
    await askedTimes(1);
  });

  it('PW-18 with a second factor to follow is told of as well', async () => {
    const person = await registerPerson(server);
    await enrolTotp(server, person);
    range.listed.add(goodPassword);
    const { email, password } = person;
    const answer = await server.mutate('login', { email, password });
    expect(answer.__typename).toBe('OtpChallenge');
    await hinted(person.id, 1);
  });
});
