import postgres from 'postgres';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { secondsAfter } from '../clock.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../testing/embedded-postgres.ts';
import { type Database, openPostgres } from './driver/client.ts';
import { migratePostgres } from './migrate.ts';
import { rotateSession } from './queries/rotate-session.ts';
import { recordLogin } from './queries/users.ts';

const people = 100;
const rounds = 4;
const idOf = (kind: 'user' | 'session', index: number): string =>
  `0193f5f0-0000-7000-${kind === 'user' ? '8' : '9'}000-${String(index).padStart(12, '0')}`;

// A server of its own: space on a page is only reclaimed from rows that no transaction sees any
// more, including those of other tests.
let server: EmbeddedPostgres;
let database: Database;
let sql: postgres.Sql;
beforeAll(async () => {
  server = await startEmbeddedPostgres();
  await migratePostgres(server.url);
  const { url } = server;
  database = openPostgres({
    url,
    maxConnections: 1,
    applicationName: 'latchkey-test',
    statementTimeoutMs: 10_000,
  });
  sql = postgres(url, { max: 1, onnotice: () => {} });
  await sql`insert into users (id, email, email_canonical, email_verified_at, password_hash,
      created_at)
    select ('0193f5f0-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, n || '@example.com',
      n || '@example.com', now(),
      repeat('x', 87), now() from generate_series(1, ${people}) n`;
  await sql`insert into sessions (id, user_id, refresh_hash, created_at, last_used_at,
      idle_expires_at, absolute_expires_at,
      authenticated_at, methods, proved_methods)
    select ('0193f5f0-0000-7000-9000-' || lpad(n::text, 12, '0'))::uuid,
      ('0193f5f0-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, sha256('0'), now(), now(),
      now() + interval '1 day',
      now() + interval '1 day', now(), '{pwd}', '{PASSWORD}' from generate_series(1, ${people}) n`;
});
afterAll(async () => {
  await sql.end();
  await server.stop();
});

const hashOf = async (round: number): Promise<Uint8Array> =>
  new Uint8Array(await crypto.subtle.digest('SHA-256', Buffer.from(String(round))));

/** Null until PostgreSQL's statistics include all of them. */
async function shareOfHot(table: string): Promise<number | null> {
  const [row] = await sql<{ updates: number; hot: number }[]>`
    select n_tup_upd::int as updates, n_tup_hot_upd::int as hot
      from pg_stat_user_tables where relname = ${table}`;
  return row?.updates === people * rounds ? row.hot / row.updates : null;
}

it('a refresh and a sign-in update rows in place and add no index entries (HOT)', async () => {
  const { db } = database;
  const now = new Date();
  const later = secondsAfter(now, 3600);
  for (let round = 0; round < rounds; round += 1) {
    const [presentedHash, nextHash] = [await hashOf(round), await hashOf(round + 1)];
    for (let index = 1; index <= people; index += 1) {
      const sessionId = idOf('session', index);
      const moved = {
        sessionId,
        presentedHash,
        nextHash,
        now,
        idleExpiresAt: later,
        limit: 300,
        windowEndsAt: later,
      };
      expect(await rotateSession(db, moved)).not.toBeNull();
      expect(await recordLogin(db, { id: idOf('user', index), now })).toBe(true);
    }
  }
  // PostgreSQL reports a connection's statistics when it ends.
  await database.close();
  for (const table of ['sessions', 'users']) {
    await expect.poll(() => shareOfHot(table), { timeout: 60_000 }).toBeGreaterThan(0.98);
  }
});
