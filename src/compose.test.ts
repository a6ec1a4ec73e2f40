import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { openPostgres } from './db/driver/client.ts';
import { migratePostgres } from './db/migrate.ts';
import { openMailboxMailer } from './mail/mailbox-mailer.ts';
import { startTestServer, type TestServer } from './testing/app.ts';
import { meQuery } from './testing/client.ts';
import { createTestClock } from './testing/clock.ts';
import { databaseUrl, withAdmin } from './testing/global-setup.ts';
import { freshAddress, goodPassword } from './testing/people.ts';

const migrations = fileURLToPath(new URL('../drizzle', import.meta.url));

describe('ten servers that start concurrently on an empty database', () => {
  const name = `${inject('testServer')?.prefix}ten`;
  const adminUrl = inject('testServer')?.adminUrl ?? '';
  const url = databaseUrl(adminUrl, name);
  let sql: postgres.Sql;
  const servers: TestServer[] = [];
  beforeAll(async () => {
    await withAdmin(adminUrl, (admin) => admin`create database ${admin(name)}`);
    sql = postgres(url, { max: 1, onnotice: () => {} });
  });
  afterAll(async () => {
    for (const server of servers) {
      await server.stop();
      await server.database.drop();
    }
    await sql.end();
    await withAdmin(
      adminUrl,
      (admin) => admin`drop database if exists ${admin(name)} with (force)`,
    );
  });

  it('JW-10 CF-3 all start; migrations ran once; they share one signing key', {
    timeout: 120_000,
  }, async () => {
    const clock = createTestClock();
    const mailbox = await openMailboxMailer({ clock });
    const start = async (index: number): Promise<TestServer> => {
      // Not all at the same instant, as with real processes.
      await sleep(index * 3);
      await migratePostgres(url);
      const database = openPostgres({
        url,
        maxConnections: 3,
        applicationName: `latchkey-${index}`,
        statementTimeoutMs: 15_000,
      });
      return startTestServer({
        clock,
        mailbox,
        database: { database, url, drop: () => database.close() },
      });
    };
    const started = await Promise.allSettled(
      Array.from({ length: 10 }, (_, index) => start(index)),
    );
    for (const outcome of started) if (outcome.status === 'fulfilled') servers.push(outcome.value);
    expect(started.map((outcome) => outcome.status)).toEqual(Array(10).fill('fulfilled'));

    const journal: { entries: unknown[] } = JSON.parse(
      readFileSync(`${migrations}/meta/_journal.json`, 'utf8'),
    );
    expect(journal.entries).toHaveLength(
      readdirSync(migrations).filter((file) => file.endsWith('.sql')).length,
    );
    const [applied] =
      await sql`select count(*)::int as count, count(distinct hash)::int as different
        from latchkey_migrations`;
    expect(applied).toEqual({ count: journal.entries.length, different: journal.entries.length });
    expect(await sql`select algorithm from signing_keys`).toEqual([{ algorithm: 'ES256' }]);
    expect(
      await sql`select count(*)::int as count from audit_events where type = 'signing_key.created'`,
    ).toEqual([{ count: 1 }]);
    expect(new Set(servers.map(({ app }) => app.keyRing.signing().kid)).size).toBe(1);

    const [first, last] = [servers.at(0), servers.at(-1)];
    if (!first || !last) throw new Error('None came up.');
    const email = freshAddress();
    const challenge = await first.mutate('register', { email, password: goodPassword });
    const tokens = await last.mutate('verifyOtp', {
      challengeId: challenge.id,
      code: await first.nextCode(email),
    });
    for (const server of servers) {
      expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
      expect((await server.send(meQuery, {}, { token: tokens.accessToken })).data.me.email).toBe(
        email,
      );
    }
    // One mail, although ten workers look for it.
    expect(mailbox.list().filter((mail) => mail.to === email)).toHaveLength(1);
  });

  it('a migration that fails leaves nothing behind, and releases the lock', async () => {
    const broken = `${name}_broken`;
    await withAdmin(adminUrl, (admin) => admin`create database ${admin(broken)}`);
    const own = postgres(databaseUrl(adminUrl, broken), { max: 1, onnotice: () => {} });
    try {
      // An obstacle half-way through the first migration.
      await own`create table users (id int)`;
      await expect(migratePostgres(databaseUrl(adminUrl, broken))).rejects.toThrow();
      const tables = await own`select table_name as name from information_schema.tables
          where table_schema = 'public'`;
      expect(tables.map((table) => table['name']).sort()).toEqual(['latchkey_migrations', 'users']);
      expect(await own`select 1 from latchkey_migrations`).toEqual([]);
      await own`drop table users`;
      await migratePostgres(databaseUrl(adminUrl, broken));
      await migratePostgres(databaseUrl(adminUrl, broken));
      const [applied] = await own`select count(*)::int as count from latchkey_migrations`;
      expect(applied?.['count']).toBeGreaterThan(0);
    } finally {
      await own.end();
      await withAdmin(
        adminUrl,
        (admin) => admin`drop database if exists ${admin(broken)} with (force)`,
      );
    }
  });
});
