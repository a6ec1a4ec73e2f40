import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { meQuery, mutationText } from '../../testing/client.ts';
import { type GatedServer, startGatedServer } from '../../testing/gated-server.ts';
import { freshAddress, registerPerson } from '../../testing/people.ts';
import { rawSql } from '../../testing/raw-sql.ts';
import { auditOf, sessionsOf } from '../../testing/rows.ts';
import type { TcpGate } from '../../testing/tcp-gate.ts';

let one: TestServer;
let two: TestServer;
beforeAll(async () => {
  one = await startTestServer();
  two = await one.another();
});
afterAll(async () => {
  await two.stop();
  await one.stop();
});

const refreshAt = (server: TestServer, refreshToken: string) =>
  server.mutate('refreshSession', { refreshToken });
const turn = (count: number): TestServer => (count % 2 === 0 ? one : two);

describe('two instances on one database', () => {
  it('SE-3 ADV-11 30 refreshes at once with one token get one successor, all valid', async () => {
    for (let round = 0; round < 2; round += 1) {
      const person = await registerPerson(one);
      const answers = await Promise.all(
        Array.from({ length: 30 }, (_, count) => refreshAt(turn(count), person.refreshToken)),
      );
      expect(answers.map(({ __typename }) => __typename)).toEqual(Array(30).fill('AuthTokens'));
      expect(new Set(answers.map(({ refreshToken }) => refreshToken)).size).toBe(1);
      const rows = await sessionsOf(one, person.id);
      expect(rows).toHaveLength(1);
      expect(rows[0]).toMatchObject({ refreshGeneration: 1, revokedAt: null });
      for (const [count, { accessToken }] of answers.entries()) {
        const { data } = await turn(count + 1).send(meQuery, {}, { token: accessToken });
        expect(data.me.id).toBe(person.id);
      }
      expect(await refreshAt(two, answers[0].refreshToken)).toMatchObject({
        __typename: 'AuthTokens',
      });
    }
  });

  it('SE-3 a client that loses half of 1,000 answers is never signed out', async () => {
    const person = await registerPerson(one);
    let { refreshToken } = person;
    let answered = 0;
    for (let round = 0; round < 1000; round += 1) {
      const answer = await refreshAt(turn(round), refreshToken);
      expect(answer).toMatchObject({ __typename: 'AuthTokens', session: { id: person.sessionId } });
      // Every second answer is lost: the client still holds the old token and retries.
      if (round % 2 === 1) {
        ({ refreshToken } = answer);
        answered += 1;
      }
      one.clock.advance(3);
    }
    const [session] = await sessionsOf(one, person.id);
    expect(session).toMatchObject({ refreshGeneration: answered, revokedAt: null });
    expect(await auditOf(one, person.id, 'refresh.reused')).toEqual([]);
  }, 300_000);

  it('SE-2 concurrent spent tokens end the family once, with one mail and one event', async () => {
    const person = await registerPerson(one);
    const { accessToken } = await refreshAt(one, person.refreshToken);
    await two.send(meQuery, {}, { token: accessToken });
    one.clock.advance(60);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, count) => refreshAt(turn(count), person.refreshToken)),
    );
    expect(new Set(answers.map(({ code }) => code))).toEqual(new Set(['INVALID_OR_EXPIRED_TOKEN']));
    expect(await auditOf(one, person.id, 'refresh.reused')).toHaveLength(1);
    await one.nextMail(person.email);
    const mails = one.mailbox
      .list()
      .filter(({ to, subject }) => to === person.email && /ended a session/.test(subject));
    expect(mails).toHaveLength(1);
  });

  it('SE-3 a refresh waits only for its own row, while other requests are answered', async () => {
    const held = await registerPerson(one);
    const others = await Promise.all(Array.from({ length: 12 }, () => registerPerson(one)));
    const sql = rawSql(one);
    const lock = await sql.reserve();
    await lock`begin`;
    await lock`select 1 from sessions where id = ${held.sessionId} for update`;
    let isAnswered = false;
    const waiting = Promise.all(
      [one, two].map((server) => refreshAt(server, held.refreshToken)),
    ).then((answers) => {
      isAnswered = true;
      return answers;
    });
    for (let round = 0; round < 3; round += 1) {
      const answers = await Promise.all(
        others.map(({ refreshToken }, count) => refreshAt(turn(count), refreshToken)),
      );
      for (const [count, answer] of answers.entries()) {
        expect(answer).toMatchObject({
          __typename: 'AuthTokens',
          session: { id: others[count]?.sessionId },
        });
        Object.assign(others[count] ?? {}, { refreshToken: answer.refreshToken });
      }
    }
    expect(isAnswered).toBe(false);
    await lock`rollback`;
    lock.release();
    await sql.end();
    const answers = await waiting;
    expect(answers.map(({ __typename }) => __typename)).toEqual(['AuthTokens', 'AuthTokens']);
    expect(new Set(answers.map(({ refreshToken }) => refreshToken)).size).toBe(1);
    expect((await sessionsOf(one, held.id))[0]).toMatchObject({
      refreshGeneration: 1,
      revokedAt: null,
    });
  });

  it('ADV-10 20 concurrent uses of one code yield one session', async () => {
    const email = freshAddress();
    const { id } = (await registerPerson(one, { email })) as { id: string };
    const challenge = await one.mutate('requestLoginCode', { email });
    const code = await one.nextCode(email);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, count) =>
        turn(count).mutate('verifyOtp', { challengeId: challenge.id, code }),
      ),
    );
    expect(answers.filter(({ __typename }) => __typename === 'AuthTokens')).toHaveLength(1);
    expect(await sessionsOf(one, id)).toHaveLength(2);
  });
});

describe('a store that fails', () => {
  let gated: GatedServer;
  let gate: TcpGate;
  let server: TestServer;
  beforeAll(async () => {
    gated = await startGatedServer(one, { maxConnections: 2, statementTimeoutMs: 5000 });
    ({ gate, server } = gated);
  });
  afterAll(() => gated.stop());

  const askThere = (refreshToken: string) =>
    server.send(mutationText('refreshSession'), { input: { refreshToken } });
  const unavailable = { status: 503, errors: [{ extensions: { code: 'OVERLOADED' } }] };

  it('SE-2 does not count as theft: during the outage 503, then the same token works', async () => {
    const person = await registerPerson(one);
    await gate.cut();
    expect(await askThere(person.refreshToken)).toMatchObject(unavailable);
    expect(await askThere(person.refreshToken)).toMatchObject(unavailable);
    await gate.open();
    expect((await askThere(person.refreshToken)).data.refreshSession).toMatchObject({
      __typename: 'AuthTokens',
    });
    expect(await auditOf(one, person.id, 'refresh.reused')).toEqual([]);
  });

  it('SE-3 has rotated despite the lost answer: the retry gets the same successor', async () => {
    const person = await registerPerson(one);
    gate.swallow('UPDATE 1');
    expect(await askThere(person.refreshToken)).toMatchObject(unavailable);
    await gate.open();
    const [moved] = await sessionsOf(one, person.id);
    expect(moved?.refreshGeneration).toBe(1);
    const { refreshSession } = (await askThere(person.refreshToken)).data;
    expect(refreshSession).toMatchObject({
      __typename: 'AuthTokens',
      session: { id: person.sessionId },
    });
    const [session] = await sessionsOf(one, person.id);
    expect(session).toMatchObject({ refreshGeneration: 1, revokedAt: null });
    expect(await auditOf(one, person.id, 'refresh.reused')).toEqual([]);
  });
});
