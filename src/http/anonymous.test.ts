import { expect, it } from 'vitest';
import { purgeExpired } from '../domain/retention/purge-expired.ts';
import { anonymousRequests, sendAnonymous } from '../testing/anonymous-requests.ts';
import { startTestServer } from '../testing/app.ts';
import { trail } from '../testing/level-off.ts';
import { countRows, lookInto } from '../testing/raw-sql.ts';

// `npm run bench -- anonymous` is the long form: a hundred thousand requests, and memory.
it('AV-7 anonymous requests leave a bounded number of rows week after week', async () => {
  const server = await startTestServer({
    config: { rateLimitMultiplier: 1, trustedProxies: ['127.0.0.1'] },
  });
  const tables = await lookInto(
    server,
    (sql) => sql<{ name: string }[]>`
      select table_name as name from information_schema.tables
      where table_schema = 'public' and table_type = 'BASE TABLE'`,
  );
  const rowsOf = async (names: readonly string[]): Promise<number> => {
    let sum = 0;
    for (const name of names) sum += await countRows(server, name);
    return sum;
  };
  const purged = tables.map(({ name }) => name).filter((name) => !trail.includes(name));
  let n = 0;
  let challengeId = 'x'.repeat(32);
  const week = async (rounds: number): Promise<{ rows: number; told: number }> => {
    const before = await rowsOf(trail);
    for (let round = 0; round < rounds; round += 1) {
      const answers = await Promise.all(
        anonymousRequests.map((make) => {
          n += 1;
          return sendAnonymous(server.url, make(n, challengeId), '198.51.100.7');
        }),
      );
      for (const { status } of answers) if (status >= 500) expect(status).toBe(503);
      challengeId =
        answers.find((answer) => answer.challengeId !== undefined)?.challengeId ?? challengeId;
    }
    const told = (await rowsOf(trail)) - before;
    server.clock.advance(8 * 86_400);
    server.app.wakeOutbox();
    await expect.poll(() => pendingMails(), { timeout: 60_000 }).toBe(0);
    await purgeExpired(server.app);
    return { rows: await rowsOf(purged), told };
  };
  const pendingMails = async (): Promise<number> => {
    const [row] = await lookInto(
      server,
      (sql) => sql<{ rows: number }[]>`
        select count(*)::int as rows from outbox_messages
        where sent_at is null and failed_at is null`,
    );
    return row?.rows ?? 0;
  };

  const [first, second] = [await week(3), await week(3)];
  // Counters of consecutive failures last for years, in a few hundred rows for all unknown
  // accounts.
  expect(second.rows - first.rows).toBeLessThan(12);
  // Five times as many requests of one address: only as many as the limits allow get through.
  const third = await week(15);
  expect(third.rows - second.rows).toBeLessThan(40);
  expect(third.told).toBeLessThan(5 * first.told);
  await server.stop();
}, 300_000);
