import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Db } from '../db/driver/client.ts';
import { startTestServer, type TestServer } from '../testing/app.ts';
import { type Attack, attackRequests } from '../testing/attacks.ts';
import { createTestDatabase, type TestDatabase } from '../testing/database.ts';
import { goodPassword } from '../testing/people.ts';
import { countSteps } from '../testing/stepped-db.ts';

/**
 * graphql-cop's and OWASP's attacks over HTTP, against a production server. `npm run bench --
 * attacks` measures how long each takes and how long it delays other requests; this counts what the
 * server does for them: no statement, no hash.
 */
describe('an attack', () => {
  let server: TestServer;
  let database: TestDatabase;
  let hashes = 0;
  const steps = countSteps();
  beforeAll(async () => {
    const plain = await createTestDatabase();
    const during = (over: AbortSignal): Db => steps.watch(plain.database.during(over));
    database = { ...plain, database: { ...plain.database, during } };
    server = await startTestServer({ database, config: { introspection: false } });
    const { hasher } = server.app;
    const verify: typeof hasher.verify = (...input) => {
      hashes += 1;
      return hasher.verify(...input);
    };
    Object.assign(server.app, { hasher: { ...hasher, verify } });
  });
  afterAll(async () => {
    await server.stop();
    await database.drop();
  });

  const ask = async ({ path = '/graphql', ...init }: Attack['request'], accept?: string) => {
    const headers = { ...init.headers, ...(accept === undefined ? {} : { accept }) };
    const response = await fetch(`${server.url}${path}`, { ...init, headers });
    return { status: response.status, text: await response.text() };
  };
  const startCounting = (): void => {
    hashes = 0;
    steps.arm(-1, () => {});
  };

  it.each(attackRequests)(
    'GQ-2 GQ-3 GQ-4 GQ-5 GQ-6 $name: 4xx, with no statement and no hash',
    async ({ request, isMistake }) => {
      startCounting();
      const answer = await ask(request, 'application/graphql-response+json');
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.status).toBeLessThan(500);
      expect(answer.text).not.toContain('"data":{');
      expect(answer.text.length).toBeLessThan(3000);

      // Legacy clients get 200 for an error in a document, as in GraphQL over HTTP 6.4.1, and 4xx
      // for everything else.
      const old = await ask(request, 'application/json');
      if (isMistake !== true) expect(old.status).toBeGreaterThanOrEqual(400);
      expect(old.status).toBeLessThan(500);
      expect(old.text).not.toContain('"data":{');
      expect({ steps: steps.steps(), hashes }).toEqual({ steps: 0, hashes: 0 });
    },
  );

  it('GQ-4 no attack has reached a resolver', () => {
    expect(
      server.logLines.filter((line) => /login\.failed|otp\.failed|"error"|"fatal"/.test(line)),
    ).toEqual([]);
  });

  it('GQ-2 a password of 60,000 characters costs no hash', async () => {
    const query =
      'mutation M($input: LoginInput!) { login(input: $input) { __typename ... on AuthError ' +
      '{ code } } }';
    const body = (password: string) =>
      JSON.stringify({ query, variables: { input: { email: 'a@example.com', password } } });
    const headers = { 'content-type': 'application/json' };
    startCounting();
    const long = await ask({ method: 'POST', headers, body: body('x'.repeat(60_000)) });
    expect(long.text).toContain('VALIDATION_FAILED');
    expect(hashes).toBe(0);
    expect(server.logLines.filter((line) => line.includes('login.failed'))).toEqual([]);
    expect((await ask({ method: 'POST', headers, body: body(goodPassword) })).text).toContain(
      'INVALID_CREDENTIALS',
    );
    expect(hashes).toBe(1);
    expect(steps.steps()).toBeGreaterThan(0);
    expect(server.logLines.filter((line) => line.includes('login.failed'))).toHaveLength(1);
  });
});
