import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPostgres } from '../db/driver/client.ts';
import { migratePostgres } from '../db/migrate.ts';
import { startTestServer, type TestServer } from '../testing/app.ts';
import { type Answer, meQuery, mutationText } from '../testing/client.ts';
import { gatewayToken, postForm } from '../testing/doors.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../testing/embedded-postgres.ts';
import { openBrowser } from '../testing/page-browser.ts';
import { freshAddress, goodPassword, type Person, registerPerson } from '../testing/people.ts';

describe('a database that goes away and comes back', () => {
  let postgres: EmbeddedPostgres;
  let server: TestServer;
  let person: Person;
  let leaver: Person;
  beforeAll(async () => {
    postgres = await startEmbeddedPostgres();
    await migratePostgres(postgres.url);
    const database = openPostgres({
      url: postgres.url,
      maxConnections: 5,
      applicationName: 'latchkey-outage',
      statementTimeoutMs: 5_000,
    });
    server = await startTestServer({
      config: { gatewayToken },
      database: { database, url: postgres.url, drop: () => database.close() },
    });
    person = await registerPerson(server);
    leaver = await registerPerson(server);
  });
  afterAll(async () => {
    await server.stop();
    await server.database.drop();
    await postgres.stop();
  });

  /** Every operation by which a client can use the database. */
  const requests = (): Promise<Answer>[] => [
    server.send(meQuery, {}, { token: person.accessToken }),
    server.send(mutationText('login'), {
      input: { email: person.email, password: person.password },
    }),
    server.send(mutationText('register'), {
      input: { email: freshAddress(), password: goodPassword },
    }),
    server.send(mutationText('requestLoginCode'), { input: { email: person.email } }),
    server.send(mutationText('verifyOtp'), { input: { challengeId: 'x', code: '123456' } }),
    server.send(mutationText('resendOtp'), { input: { challengeId: 'x' } }),
    server.send(mutationText('refreshSession'), { input: { refreshToken: person.refreshToken } }),
    server.send(mutationText('logout'), { input: { refreshToken: leaver.refreshToken } }),
  ];
  const status = async (path: string, headers: Record<string, string> = {}): Promise<number> =>
    (await fetch(`${server.url}${path}`, { headers })).status;

  const expectUnavailable = (answer: Answer): void => {
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('1');
    expect(answer.errors).toHaveLength(1);
    expect(answer.errors[0]).toMatchObject({
      message: 'The service is not available. Try again in a moment.',
      extensions: { code: 'OVERLOADED', retryAfter: 1 },
    });
    expect(answer.text).not.toMatch(/ECONN|CONNECTION|postgres|127\.0\.0\.1:|Failed query|57P0/i);
  };

  it('AV-6 GQ-11 RL-7 answers a generic 503 to everything, is not ready, and recovers', {
    timeout: 300_000,
  }, async () => {
    expect(await status('/readyz')).toBe(200);
    expect((await Promise.all(requests())).map((answer) => answer.status)).toEqual(
      Array(8).fill(200),
    );
    const tokens = await server.mutate('login', { email: person.email, password: person.password });
    const { refreshToken: refresh } = tokens;

    // Under load: requests in flight get an answer too.
    const underWay = Promise.all(Array.from({ length: 3 }, requests).flat());
    await postgres.halt();
    for (const answer of await underWay) {
      expect([200, 503]).toContain(answer.status);
      if (answer.status === 503) expectUnavailable(answer);
    }

    // `npm run bench -- availability` measures how soon it refuses and serves again.
    for (let round = 0; round < 10; round += 1) {
      for (const answer of await Promise.all(requests())) expectUnavailable(answer);
      expect(await status('/readyz')).toBe(503);
      // Neither 401 nor `active: false`: an outage says nothing about a token.
      expect(await status('/verify', { authorization: `Bearer ${tokens.accessToken}` })).toBe(503);
      expect(
        (await postForm(server, '/oauth/introspect', { token: tokens.accessToken })).status,
      ).toBe(503);
      expect((await postForm(server, '/oauth/revoke', { token: tokens.refreshToken })).status).toBe(
        503,
      );
      for (const cookie of [`latchkey-access=${tokens.accessToken}`, `latchkey=${refresh}`]) {
        const page = await openBrowser(server).get('/account', { headers: { cookie } });
        expect(page).toMatchObject({ status: 503, title: 'Problem · Latchkey' });
        expect(page.headers['retry-after']).toBe('1');
        expect(page.headers['set-cookie']).toBeUndefined();
      }
      expect(await status('/livez')).toBe(200);
      expect(await status('/.well-known/jwks.json')).toBe(200);
      const forged = await server.send(meQuery, {}, { token: 'a.b.c' });
      expect(forged.status).toBe(401);
      await sleep(500);
    }

    await postgres.resume();
    while ((await status('/readyz')) !== 200) await sleep(50);
    while (
      !(await server.send(meQuery, {}, { token: tokens.accessToken })).text.includes(person.id)
    )
      await sleep(50);
    // postgres.js gives the first statement on a connection that was cut during a statement the
    // error of that earlier one: once for each of the five.
    let late = 0;
    for (let wave = 0; wave < 6; wave += 1) {
      const answers = await Promise.all(requests());
      for (const answer of answers.filter(({ status }) => status !== 200))
        expectUnavailable(answer);
      late += answers.filter(({ status }) => status !== 200).length;
    }
    expect(late).toBeLessThanOrEqual(5);
    expect((await Promise.all(requests())).map((answer) => answer.status)).toEqual(
      Array(8).fill(200),
    );
    // And mail is sent again.
    expect((await registerPerson(server)).id).toBeTruthy();
  });

  it('AV-6 LG-4 the log names the outage, but no SQL, parameter or database address', () => {
    const log = server.logLines.join('');
    expect(log).toContain('The database does not answer.');
    expect(log).not.toMatch(/Failed query|params:|insert into|select |postgres:\/\/|@example\.com/);
    expect(
      server.logLines.map((line) => JSON.parse(line)).filter((line) => line.level === 'fatal'),
    ).toEqual([]);
  });
});
