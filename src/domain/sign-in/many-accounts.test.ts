import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { noMetrics } from '../../observability/metrics.ts';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { createTestDatabase, type TestDatabase } from '../../testing/database.ts';
import { freshAddress, type Person, registerPerson } from '../../testing/people.ts';
import { lookInto } from '../../testing/raw-sql.ts';

const wrong = 'not the password of anyone';
const limit = 3;
const from = (address: string) => ({ headers: { 'x-forwarded-for': address } });

describe('RL-2 wrong passwords at many accounts', () => {
  const statements: string[] = [];
  const trips: string[] = [];
  let database: TestDatabase;
  let server: TestServer;
  let other: TestServer;
  let people: Person[];

  beforeAll(async () => {
    database = await createTestDatabase({ onStatement: (text) => statements.push(text) });
    server = await startTestServer({
      database,
      metrics: { ...noMetrics, limited: (budget) => void trips.push(budget) },
      config: {
        rateLimitMultiplier: 1,
        trustedProxies: ['127.0.0.1'],
        rateLimits: { 'login:accounts': { limit, window: 3600 } },
      },
    });
    other = await server.another();
    people = [];
    for (let n = 0; n < limit; n += 1) people.push(await registerPerson(server));
  });
  afterAll(async () => {
    await server.stop();
    await database.drop();
  });
  beforeEach(async () => {
    await lookInto(server, (sql) => sql`delete from rate_limits`);
    for (const { logLines } of [server, other]) logLines.length = 0;
    trips.length = 0;
  });

  const guess = async (email: string, address: string, at = server): Promise<string> =>
    (await at.mutate('login', { email, password: wrong }, from(address))).code;
  const guessMany = async (count: number, address: (n: number) => string): Promise<void> => {
    for (let n = 0; n < count; n += 1)
      expect(await guess(freshAddress(), address(n))).toBe('INVALID_CREDENTIALS');
  };
  const warnings = () =>
    [...server.logLines, ...other.logLines]
      .filter((line) => line.includes('"budget":"login:accounts"'))
      .map((line) => JSON.parse(line));

  it('RL-2 from one address: warned of once with the address, counted, never refused', async () => {
    await guessMany(limit, () => '198.51.100.7');
    expect(warnings()).toEqual([]);
    await guessMany(2, () => '198.51.100.7');
    expect(warnings()).toEqual([
      expect.objectContaining({ event: 'limit.reached', ipAddress: '198.51.100.7' }),
    ]);
    expect(trips).toEqual(['login:accounts', 'login:accounts']);
    const [person] = people;
    const input = { email: person?.email, password: person?.password };
    const entered = await server.mutate('login', input, from('198.51.100.7'));
    expect(entered.__typename).toBe('AuthTokens');
  });

  it('RL-2 from many addresses of a network: warned of, past more of them', async () => {
    await guessMany(4 * limit, (n) => `198.51.100.${n}`);
    expect(warnings()).toEqual([]);
    await guessMany(1, () => '198.51.100.99');
    expect(warnings()).toHaveLength(1);
  });

  it('RL-2 two instances count together', async () => {
    await guessMany(limit, () => '198.51.100.7');
    await guess(freshAddress(), '198.51.100.7', other);
    expect(warnings()).toHaveLength(1);
    expect(server.logLines.join()).not.toContain('login:accounts');
  });

  it('RL-2 of many at once on two instances each account counts once', async () => {
    const accounts = Array.from({ length: limit }, freshAddress);
    const attempts = [...accounts, ...accounts, ...accounts];
    await Promise.all(
      attempts.map((email, n) => guess(email, '198.51.100.7', n % 2 ? server : other)),
    );
    expect(warnings()).toEqual([]);
    await guess(freshAddress(), '198.51.100.7');
    expect(warnings()).toHaveLength(1);
  });

  it('RL-2 many at one account do not raise it, however it is written', async () => {
    for (let n = 0; n < 20; n += 1) {
      await guess(n % 2 ? 'One@Example.com' : 'one@example.com', '198.51.100.7');
      server.clock.advance(60);
    }
    const failed = server.logLines.filter((line) => line.includes('"login.failed"'));
    expect(failed.length).toBeGreaterThan(limit);
    expect(warnings()).toEqual([]);
  });

  it('RL-2 people behind one address who mistype do not raise it below the limit', async () => {
    for (const { email, password } of people) {
      for (let n = 0; n < 2; n += 1) await guess(email, '198.51.100.7');
      const entered = await server.mutate('login', { email, password }, from('198.51.100.7'));
      expect(entered.__typename).toBe('AuthTokens');
    }
    expect(warnings()).toEqual([]);
  });

  it('RL-2 those on devices that they have signed in with do not count', async () => {
    for (const { email, accessToken: token } of people) {
      const sender = { ...from('198.51.100.7'), token };
      const { code } = await server.mutate('login', { email, password: wrong }, sender);
      expect(code).toBe('INVALID_CREDENTIALS');
    }
    await guessMany(limit, () => '198.51.100.7');
    expect(warnings()).toEqual([]);
    await guessMany(1, () => '198.51.100.7');
    expect(warnings()).toHaveLength(1);
  });

  it('RL-2 an hour later they count anew', async () => {
    await guessMany(limit, () => '198.51.100.7');
    server.clock.advance(3600);
    await guessMany(limit, () => '198.51.100.7');
    expect(warnings()).toEqual([]);
  });

  it('RL-2 a sign-in with the right password counts nothing and costs no statement', async () => {
    const [person] = people;
    const windows = async (password: string): Promise<number> => {
      statements.length = 0;
      await server.mutate('login', { email: person?.email, password }, from('198.51.100.7'));
      return statements.filter((text) => text.startsWith('insert into "rate_limits"')).length;
    };
    // By address, by account, and in a row.
    expect(await windows(person?.password ?? '')).toBe(3);
    expect(await windows(wrong)).toBeGreaterThan(5);
  });
});
