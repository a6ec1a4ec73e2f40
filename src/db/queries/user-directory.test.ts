import type postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../testing/database.ts';
import { rawSql } from '../../testing/raw-sql.ts';
import { type Db, openPostgres } from '../driver/client.ts';
import { endSuspensions, holdAdmins, listAdmins } from './user-administration.ts';
import { countUsers, listUsers, listUsersInOrder, mostCounted } from './user-directory.ts';
import { findTakenAddresses } from './user-import.ts';
import { findUsersByIds } from './users.ts';

const rows = 50_000;
const middle = '80000000-0000-4000-8000-000000000000';

let database: TestDatabase;
let sql: postgres.Sql;
beforeAll(async () => {
  database = await createTestDatabase({ maxConnections: 1 });
  sql = rawSql({ database });
  await sql`
    insert into users (id, email, email_canonical, name, email_verified_at, suspended_at,
      roles, created_at)
    select gen_random_uuid(), 'person' || n || '@example.com',
      'person' || n || '@example.com', 'Name ' || n, now(),
      case when n % 10000 = 0 then now() end,
      case when n = 7 then '{admin}'::text[] else '{}' end,
      now() - n * interval '1 minute'
    from generate_series(1, ${rows}) n`;
  await sql`vacuum analyze users`;
});
afterAll(async () => {
  await sql.end();
  await database.drop();
});

/** A client of its own with one connection. */
const openOwn = (onStatement: (text: string) => void = () => {}) =>
  openPostgres({
    url: database.url ?? '',
    maxConnections: 1,
    applicationName: 'latchkey-test',
    statementTimeoutMs: 10_000,
    onStatement,
  });

/**
 * How often the table was read sequentially. On its own connection, because PostgreSQL reports
 * statistics when a connection ends. It repeats the query often enough for PostgreSQL to consider a
 * generic plan (after five times).
 */
async function sequentialScans(work: (db: Db) => Promise<unknown>): Promise<number> {
  const read = async () => {
    const [row] = await sql<{ seq: number; index: number }[]>`
      select seq_scan::int as seq, idx_scan::int as index
      from pg_stat_user_tables where relname = 'users'`;
    return row ?? { seq: 0, index: 0 };
  };
  const before = await read();
  const own = openOwn();
  for (let turn = 0; turn < 8; turn += 1) await work(own.db);
  await own.close();
  await expect
    .poll(async () => (await read()).index, { timeout: 60_000 })
    .toBeGreaterThan(before.index);
  return (await read()).seq - before.seq;
}

describe('the directory of users, among fifty thousand', () => {
  const none = { search: null, status: null } as const;

  it.each([
    ['the newest', (db: Db) => listUsers(db, { filter: none, after: null, limit: 21 })],
    [
      'a page in the middle',
      (db: Db) =>
        listUsers(db, {
          filter: none,
          after: {
            at: new Date(Date.now() - 25_000 * 60_000),
            id: '0190a0a0-0000-7000-8000-000000000000',
          },
          limit: 21,
        }),
    ],
    [
      'the start of an address',
      (db: Db) =>
        listUsers(db, { filter: { search: 'person4999', status: null }, after: null, limit: 21 }),
    ],
    [
      'the start of a name',
      (db: Db) =>
        listUsers(db, { filter: { search: 'NAME 4999', status: null }, after: null, limit: 21 }),
    ],
    [
      'a start that no user has',
      (db: Db) =>
        listUsers(db, { filter: { search: 'zzz', status: 'ACTIVE' }, after: null, limit: 21 }),
    ],
    [
      'those who are suspended',
      (db: Db) =>
        listUsers(db, { filter: { search: null, status: 'SUSPENDED' }, after: null, limit: 21 }),
    ],
    [
      'those who are unverified',
      (db: Db) =>
        listUsers(db, { filter: { search: null, status: 'UNVERIFIED' }, after: null, limit: 21 }),
    ],
    [
      'the number of the suspended',
      (db: Db) => countUsers(db, { filter: { search: null, status: 'SUSPENDED' } }),
    ],
    [
      'those of some ids',
      (db: Db) =>
        findUsersByIds(db, { ids: Array.from({ length: 100 }, () => crypto.randomUUID()) }),
    ],
    [
      'those of some addresses',
      (db: Db) => findTakenAddresses(db, { addresses: ['a@example.com', 'b"\\{,}@example.com'] }),
    ],
    ['the administrators', (db: Db) => db.transaction((tx) => holdAdmins(tx))],
    ['everyone with the role', (db: Db) => listAdmins(db, { limit: 200 })],
    ['a page in the order of ids', (db: Db) => listUsersInOrder(db, { after: middle, limit: 500 })],
    [
      'those whose suspension has ended',
      (db: Db) => db.transaction((tx) => endSuspensions(tx, { now: new Date(), limit: 100 })),
    ],
  ])('AV-8 finds %s by an index', async (_what, work) => {
    expect(await sequentialScans(work)).toBe(0);
  });

  it('uses one text for any number of ids, which is prepared once', async () => {
    const texts = new Set<string>();
    const own = openOwn((text) => texts.add(text));
    const known = (await sql<{ id: string }[]>`select id from users limit 100`).map(({ id }) => id);
    for (const count of [0, 1, 2, 100]) {
      const found = await findUsersByIds(own.db, { ids: known.slice(0, count) });
      expect(found.map(({ id }) => id).sort()).toEqual(known.slice(0, count).sort());
    }
    await own.close();
    expect(texts.size).toBe(1);
  });

  it.each(['SUSPENDED', 'UNVERIFIED'] as const)(
    'X-40 reads only the few users who are %s, although all have the text',
    async (status) => {
      const texts: string[] = [];
      const own = openOwn((text) => texts.push(text));
      const filter = { search: 'person', status };
      const found = await listUsers(own.db, { filter, after: null, limit: 21 });
      await own.close();
      expect(found).toHaveLength(status === 'SUSPENDED' ? 5 : 0);
      // The page, and that there are no more of that state: nothing is read by the text.
      expect(texts.filter((text) => text.includes('"users"'))).toHaveLength(2);
    },
  );

  it('counts up to ten thousand and estimates beyond', async () => {
    const { db } = database.database;
    expect(await countUsers(db, { filter: { search: null, status: 'SUSPENDED' } })).toBe(5);
    expect(await countUsers(db, { filter: { search: 'name 4999', status: 'ACTIVE' } })).toBe(11);
    expect(await countUsers(db, { filter: { search: 'person1000', status: 'SUSPENDED' } })).toBe(1);
    expect(await countUsers(db, { filter: none })).toBe(rows);
    // A fifth of all begin like this.
    const many = await countUsers(db, { filter: { search: 'person4', status: null } });
    expect(many).toBeGreaterThan(mostCounted);
    expect(many).toBeLessThan(16_000);
  });

  it('lists the newest first whichever strategy found them, page after page', async () => {
    const { db } = database.database;
    // Few; many, with the newest among them; many, all of them old.
    for (const search of ['person4999', 'person', 'person4']) {
      const whole = await sql<{ id: string }[]>`
        select id from users where email like ${`${search}%`}
          order by created_at desc, id desc limit 9`;
      const first = await listUsers(db, {
        filter: { search, status: null },
        after: null,
        limit: 5,
      });
      const last = first.at(-1);
      const after = last ? { at: last.createdAt, id: last.id } : null;
      const second = await listUsers(db, { filter: { search, status: null }, after, limit: 4 });
      expect([...first, ...second].map(({ id }) => id)).toEqual(whole.map(({ id }) => id));
    }
  });

  it('X-40 reads common text of old users in the order of time, a page of it', async () => {
    const ancient = 60_000;
    await sql`
      insert into users (id, email, email_canonical, name, email_verified_at, created_at)
      select gen_random_uuid(), 'ancient' || n || '@example.com', 'ancient' || n || '@example.com',
        'Ancient ' || n, now(), now() - (${rows} + n) * interval '1 minute'
      from generate_series(1, ${ancient}) n`;
    await sql`vacuum analyze users`;
    const texts: string[] = [];
    const own = openOwn((text) => texts.push(text));
    const filter = { search: 'ancient', status: null };
    const found = await listUsers(own.db, { filter, after: null, limit: 3 });
    await own.close();
    expect(found.map(({ name }) => name)).toEqual(['Ancient 1', 'Ancient 2', 'Ancient 3']);
    // biome-ignore lint/plugin: a statement of ours, without its values.
    const plan = await sql.unsafe(`explain (generic_plan) ${texts.at(-1)}`);
    const steps = plan.map((row) => String(row['QUERY PLAN'])).join('\n');
    expect(steps).toContain('Index Scan Backward using users_created_at_index');
    expect(steps).not.toMatch(/Sort|Seq Scan|prefix|email_canonical_unique/);
  });
});
