import { randomBytes } from 'node:crypto';
import { sql as raw } from 'drizzle-orm';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer } from '../../testing/app.ts';
import {
  asTestDatabase,
  createEmptyDatabase,
  type EmptyDatabase,
} from '../../testing/empty-database.ts';
import { liveThrough } from '../../testing/journey.ts';
import { inspectPostgres } from '../inspect.ts';
import { migratePostgres } from '../migrate.ts';
import { rateLimits } from '../tables/rate-limits.ts';
import { users } from '../tables/users.ts';
import { type Database, openPostgres } from './client.ts';
import { unpinnedSettings, wantedSettings } from './settings.ts';

const role = `latchkey_settings_${randomBytes(4).toString('hex')}`;
const password = randomBytes(16).toString('hex');

let database: EmptyDatabase;
let sql: postgres.Sql;
let url: string;
beforeAll(async () => {
  database = await createEmptyDatabase();
  sql = database.sql;
  await sql`create role ${sql(role)} login`;
  // biome-ignore lint/plugin: a random password of this test's own.
  await sql.unsafe(`alter role ${role} password '${password}'`);
  await sql`alter database ${sql(database.name)} owner to ${sql(role)}`;
  await sql`alter schema public owner to ${sql(role)}`;
  const own = new URL(database.url);
  own.username = role;
  own.password = password;
  url = own.href;
});
afterAll(async () => {
  await sql`drop owned by ${sql(role)} cascade`;
  await sql`alter database ${sql(database.name)} owner to current_user`;
  await sql`drop role ${sql(role)}`;
  await database.drop();
});

const open = (): Database =>
  openPostgres({
    url,
    maxConnections: 2,
    applicationName: 'latchkey-test',
    statementTimeoutMs: 10_000,
  });

/** What a person or a tool may have set for the role; the last ones only cost speed. */
const settings: readonly (readonly [string, ...string[]])[] = [
  ['bytea_output', 'escape'],
  ['DateStyle', 'German, DMY', 'SQL, MDY', 'Postgres, YMD'],
  ['IntervalStyle', 'iso_8601', 'sql_standard'],
  ['TimeZone', 'Asia/Kathmandu', 'Africa/Monrovia', 'America/St_Johns'],
  ['extra_float_digits', '-15'],
  ['client_encoding', 'LATIN1', 'SQL_ASCII'],
  ['standard_conforming_strings', 'off'],
  ['backslash_quote', 'on'],
  ['transform_null_equals', 'on'],
  ['array_nulls', 'off'],
  ['xmloption', 'document'],
  ['quote_all_identifiers', 'on'],
  ['default_transaction_isolation', 'serializable', 'repeatable read'],
  ['default_transaction_deferrable', 'on'],
  ['default_transaction_read_only', 'on'],
  ['exit_on_error', 'on'],
  ['row_security', 'off'],
  ['idle_session_timeout', '5000'],
  ['transaction_timeout', '5000'],
  ['idle_in_transaction_session_timeout', '1'],
  ['statement_timeout', '1'],
  ['lock_timeout', '1'],
  ['synchronous_commit', 'off'],
  ['check_function_bodies', 'off'],
  ['default_tablespace', 'nowhere'],
  ['temp_tablespaces', 'nowhere'],
  ['default_text_search_config', 'simple'],
  ['work_mem', '64kB'],
  ['temp_buffers', '800kB'],
  ['plan_cache_mode', 'force_generic_plan', 'force_custom_plan'],
];

async function withSettings(
  wanted: readonly (readonly [string, string])[],
  work: () => Promise<void>,
): Promise<void> {
  for (const [name, value] of wanted) {
    const change = `alter role ${role} in database ${database.name} set ${name} = '${value}'`;
    // biome-ignore lint/plugin: names and values of the table above.
    await sql.unsafe(change);
  }
  try {
    await work();
  } finally {
    await sql`alter role ${sql(role)} in database ${sql(database.name)} reset all`;
  }
}

const id = '0193f5f0-0000-7000-8000-000000000001';
const at = new Date('2026-11-30T06:50:18.123Z');
const user = {
  id,
  email: 'Ädä\\@exämple.com',
  emailCanonical: 'ädä\\@exämple.com',
  emailVerifiedAt: new Date('1969-07-20T20:17:40.001Z'),
  name: "O'Neil \\ Łódź 🗝",
  roles: ['admin', 'null', 'a"b,{c}'],
  createdAt: at,
};

/** Rows of every kind of column, a conflict that is an answer, a transaction, a late statement. */
async function roundTrip({ db }: Database): Promise<void> {
  await db.delete(users);
  await db.delete(rateLimits);
  await db.insert(users).values(user);
  expect(await db.select().from(users)).toMatchObject([{ ...user, suspendedAt: null }]);
  await expect(db.insert(users).values(user)).rejects.toMatchObject({ cause: { code: '23505' } });
  const key = Buffer.from([0, 92, 120, 255, 39, 34, 10]);
  await db.transaction(async (tx) => {
    await tx.insert(rateLimits).values({ key, count: 7, windowEndsAt: at });
    await new Promise((resolve) => setTimeout(resolve, 5));
    await tx.update(rateLimits).set({ count: 8 });
  });
  // Two at a time, each of which waits for the other's row.
  await Promise.all([1, 2].map((count) => db.update(rateLimits).set({ count })));
  const [limit] = await db.select().from(rateLimits);
  expect(limit).toMatchObject({ windowEndsAt: at, blockedUntil: null });
  expect(Buffer.from(limit?.key ?? [])).toEqual(key);
}

async function settingOf({ db }: Database, name: string): Promise<unknown> {
  const value = raw<string>`current_setting(${name})`;
  const [row] = await db.select({ value }).from(raw`(select 1) as one`);
  return row?.value;
}

describe('X-33 settings of the role', () => {
  it('do not keep migrations and the doctor from their work, all at once', async () => {
    const all = settings.map(([name, value = '']) => [name, value] as const);
    await withSettings(all, async () => {
      await migratePostgres(url);
      const found = await inspectPostgres(url, () => new Date());
      expect(found.pending).toBe(0);
      expect(Math.abs(found.clockAhead)).toBeLessThan(60_000);
    });
  });

  it.each(settings.flatMap(([name, ...values]) => values.map((value) => [name, value] as const)))(
    '%s = %s changes no row',
    async (name, value) => {
      await withSettings([[name, value]], async () => {
        const one = open();
        try {
          await roundTrip(one);
          expect(await one.unpinned()).toEqual([]);
          const wanted = wantedSettings[name.toLowerCase()];
          if (wanted !== undefined) expect(await settingOf(one, name)).toBe(wanted);
        } finally {
          await one.close();
        }
      });
    },
  );

  it('change nothing in a life of an account, all at once', async () => {
    const all = settings.map(([name, value = '']) => [name, value] as const);
    await withSettings(all, async () => {
      const one = await startTestServer({ database: asTestDatabase(url) });
      try {
        await liveThrough(one);
      } finally {
        await one.stop();
        await one.database.drop();
      }
    });
  });

  it('that only a superuser may change are named', async () => {
    await withSettings([['session_replication_role', 'replica']], async () => {
      const one = open();
      expect(await one.unpinned()).toEqual([
        { name: 'session_replication_role', value: 'replica', wanted: 'origin' },
      ]);
      await one.close();
    });
  });

  it.each([
    ['Etc/UTC', []],
    ['GMT', []],
    ['Africa/Abidjan', ['Africa/Abidjan']],
  ])('behind a pooler the time zone %s is named unless it is UTC', async (value, named) => {
    await withSettings([['TimeZone', value]], async () => {
      // As a pooler has it: the timeouts of the connection are not its own.
      const plain = postgres(url, { max: 1, onnotice: () => {} });
      // biome-ignore lint/plugin: the statement itself is tried.
      const rows = await plain.unsafe(unpinnedSettings);
      await plain.end();
      const found = rows.filter(({ name }) => name === 'TimeZone');
      expect(found.map(({ reset_val: present }) => present)).toEqual(named);
    });
  });

  it('PostgreSQL’s conflicts are tried again, and not for ever', async () => {
    const one = open();
    await sql`create sequence tries`;
    await sql`grant usage on sequence tries to ${sql(role)}`;
    await sql`create table conflicts (most int)`;
    await sql`create function conflict() returns trigger language plpgsql security definer as $$
      begin
        if nextval('tries') <= (select max(most) from conflicts) then
          raise exception 'a conflict' using errcode = '40001';
        end if;
        return new;
      end $$`;
    await sql`create trigger conflict before insert on rate_limits
      for each row execute function conflict()`;
    const row = (n: number) => ({ key: Buffer.from([n]), count: n, windowEndsAt: at });
    await sql`insert into conflicts values (2)`;
    await one.db.insert(rateLimits).values(row(1));
    await sql`update conflicts set most = 5`;
    let runs = 0;
    await one.db.transaction(async (tx) => {
      runs += 1;
      await tx.update(rateLimits).set({ count: runs });
      await tx.insert(rateLimits).values(row(2));
    });
    expect(runs).toBe(3);
    await sql`update conflicts set most = 100`;
    await expect(one.db.insert(rateLimits).values(row(3))).rejects.toMatchObject({
      cause: { code: '40001' },
    });
    expect(await sql`select last_value::int as value from tries`).toEqual([{ value: 10 }]);
    await one.close();
  });
});
