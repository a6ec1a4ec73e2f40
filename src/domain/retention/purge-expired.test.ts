import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../testing/app.ts';
import { freshAddress, goodPassword } from '../../testing/people.ts';
import { rawSql } from '../../testing/raw-sql.ts';
import { purgeExpired } from './purge-expired.ts';

let server: TestServer;
let sql: ReturnType<typeof rawSql>;
beforeAll(async () => {
  server = await startTestServer();
  sql = rawSql(server);
  await server.mutate('register', { email: freshAddress(), password: goodPassword, name: null });
  server.clock.advance(40 * 86_400);
});
afterAll(async () => {
  await sql.end();
  await server.stop();
});

describe('purgeExpired on a timer', () => {
  it('leaves the work to the instance that is at it, without waiting for it', async () => {
    const other = await sql.reserve();
    await other`begin`;
    await other`select pg_advisory_xact_lock(7809634751936259451)`;
    const counts = await purgeExpired(server.app, { alone: true });
    expect(Object.values(counts).every((count) => count === 0)).toBe(true);
    await other`rollback`;
    other.release();
  });

  it('does it where nobody else is, and of two at once no row is done twice', async () => {
    const [one, two] = await Promise.all([
      purgeExpired(server.app, { alone: true }),
      purgeExpired(server.app, { alone: true }),
    ]);
    expect(one.unverifiedAccounts + two.unverifiedAccounts).toBe(1);
    const [left] = await sql`select count(*)::int as count from users`;
    expect(left?.['count']).toBe(0);
  });
});
