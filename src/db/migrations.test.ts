import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { drizzle } from 'drizzle-orm/postgres-js';
import { migrate } from 'drizzle-orm/postgres-js/migrator';
import postgres from 'postgres';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { purgeExpired } from '../domain/retention/purge-expired.ts';
import { startTestServer } from '../testing/app.ts';
import {
  asTestDatabase,
  createEmptyDatabase,
  type EmptyDatabase,
} from '../testing/empty-database.ts';
import { liveThrough } from '../testing/journey.ts';
import { registerPerson } from '../testing/people.ts';
import { inspectPostgres } from './inspect.ts';
import { migratePostgres } from './migrate.ts';
import { migrationsFolder, readMigrations } from './migrations.ts';

const ours = readMigrations();
const names = ours.map(({ name }) => name);

let database: EmptyDatabase;
let folder: string;
beforeEach(async () => {
  database = await createEmptyDatabase();
  folder = mkdtempSync(join(tmpdir(), 'latchkey-migrations-'));
});
afterEach(async () => {
  rmSync(folder, { recursive: true });
  await database.drop();
});

const recorded = async (schema = 'public') =>
  (
    await database.sql<{ name: string }[]>`
      select name from ${database.sql(schema)}.latchkey_migrations order by name`
  ).map(({ name }) => name);

const drizzleRows = () =>
  database.sql`select hash from drizzle.__drizzle_migrations order by id`.values();

/** Applies a folder of migrations as drizzle-orm does, in the table that every program shares. */
async function migrateByDrizzle(migrationsFolder: string, url = database.url): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    await migrate(drizzle(sql), { migrationsFolder });
  } finally {
    await sql.end();
  }
}

/** The migrations of another program, which were generated at that time. */
function appFolder(when: number, table = 'app_things'): string {
  const path = join(folder, `app-${table}`);
  mkdirSync(join(path, 'meta'), { recursive: true });
  const entries = [{ idx: 0, version: '7', when, tag: '0000_app', breakpoints: true }];
  writeFileSync(join(path, 'meta', '_journal.json'), JSON.stringify({ entries }));
  writeFileSync(join(path, '0000_app.sql'), `create table ${table} (id int primary key);`);
  return path;
}

/** The first migrations as earlier versions had them. */
function earlierFolder(count: number): string {
  const path = join(folder, 'earlier');
  cpSync(migrationsFolder, path, { recursive: true });
  const index = 'CREATE UNIQUE INDEX "users_email_canonical_unique" ON "users"';
  writeFileSync(
    join(path, '0001_growth.sql'),
    [
      'DROP INDEX "users_email_prefix_index";--> statement-breakpoint\n',
      'DROP INDEX "users_email_canonical_unique";--> statement-breakpoint\n',
      `${index} USING btree ("email_canonical" text_pattern_ops);`,
    ].join(''),
  );
  const file = join(path, 'meta', '_journal.json');
  const journal: { entries: unknown[] } = JSON.parse(readFileSync(file, 'utf8'));
  journal.entries.length = count;
  writeFileSync(file, JSON.stringify(journal));
  return path;
}

const future = Date.parse('2036-01-01');
const past = Date.parse('2020-01-01');

describe('X-32 a database that other programs migrate too', () => {
  it.each([
    ['newer than all of ours', future],
    ['older than all of ours', past],
  ])('is migrated beside an app with Drizzle whose migration is %s', async (_, when) => {
    const app = appFolder(when);
    await migrateByDrizzle(app);
    const before = await drizzleRows();
    await migratePostgres(database.url);
    expect(await recorded()).toEqual(names);
    expect(await drizzleRows()).toEqual(before);
    // And the app after us.
    await migrateByDrizzle(app);
    await migrateByDrizzle(appFolder(when + 1, 'app_more'));
    expect(await database.sql`select to_regclass('app_more')::text as name`).toEqual([
      { name: 'app_more' },
    ]);
    await migratePostgres(database.url);
    expect(await inspectPostgres(database.url, () => new Date())).toMatchObject({
      pending: 0,
      unknown: 0,
    });
  });

  it('is migrated before an app with Drizzle, whose old migrations are applied', async () => {
    await migratePostgres(database.url);
    await migrateByDrizzle(appFolder(past));
    expect(await drizzleRows()).toHaveLength(1);
    expect(await database.sql`select 1 from app_things`).toEqual([]);
  });

  it.each([1, 2, 4])(
    'takes over once the %i migrations that an earlier version applied, and applies the rest',
    async (count) => {
      await migrateByDrizzle(earlierFolder(count));
      await migrateByDrizzle(appFolder(future));
      const before = await drizzleRows();
      expect(before).toHaveLength(count + 1);
      expect((await inspectPostgres(database.url, () => new Date())).pending).toBe(
        ours.length - count,
      );
      await migratePostgres(database.url);
      expect(await recorded()).toEqual(names);
      // The version before can be started again: it finds what it knows.
      expect(await drizzleRows()).toEqual(before);
      const [index] = await database.sql`
      select indexdef from pg_indexes where indexname = 'users_email_canonical_unique'`;
      expect(index?.['indexdef']).toMatch(/UNIQUE.*text_pattern_ops/);
      await database.sql`delete from drizzle.__drizzle_migrations`;
      await migratePostgres(database.url);
      expect(await recorded()).toEqual(names);
    },
  );

  it('fails where a table of ours is another program’s, and changes nothing', async () => {
    await database.sql`create table users (id int)`;
    await expect(migratePostgres(database.url)).rejects.toMatchObject({ code: '42P07' });
    expect(await recorded()).toEqual([]);
    expect((await inspectPostgres(database.url, () => new Date())).pending).toBe(ours.length);
  });

  it('fails unless every migration is recorded afterwards', async () => {
    await migratePostgres(database.url);
    await database.sql`
      delete from latchkey_migrations where name = '0002_storage_parameters'`;
    await database.sql`create rule forget as on insert to latchkey_migrations do instead nothing`;
    await expect(migratePostgres(database.url)).rejects.toMatchObject({
      code: 'MIGRATION_INCOMPLETE',
      message: expect.stringContaining('0002_storage_parameters'),
    });
  });

  it('tells what a newer version has applied', async () => {
    await migratePostgres(database.url);
    await database.sql`insert into latchkey_migrations values ('abc', '9999_newer')`;
    await migratePostgres(database.url);
    expect((await inspectPostgres(database.url, () => new Date())).unknown).toBe(1);
  });
});

describe('X-34 the schema of the connection', () => {
  const inSchema = (schema: string): string => {
    const url = new URL(database.url);
    url.searchParams.set('search_path', schema);
    return url.href;
  };

  it('holds everything, and nothing is put into `public`', async () => {
    const { sql } = database;
    await sql`create schema "Auth two"`;
    const url = inSchema('"Auth two", public');
    await migratePostgres(url);
    expect(await recorded('Auth two')).toEqual(names);
    expect(await sql`select 1 from pg_tables where schemaname in ('public', 'drizzle')`).toEqual(
      [],
    );
    const [references] = await sql`
      select count(*)::int as count from pg_constraint c join pg_class t on t.oid = c.confrelid
      where c.contype = 'f' and t.relnamespace = '"Auth two"'::regnamespace`;
    expect(references?.['count']).toBeGreaterThan(5);
    const server = await startTestServer({ database: asTestDatabase(url) });
    try {
      await liveThrough(server);
      server.clock.advance(500 * 24 * 3600);
      expect((await purgeExpired(server.app)).challenges).toBeGreaterThan(0);
    } finally {
      await server.stop();
      await server.database.drop();
    }
    expect(await inspectPostgres(url, () => new Date())).toMatchObject({
      schema: 'Auth two',
      pending: 0,
    });
  });

  it('may be one of several in a database, each with its own users, keys and locks', async () => {
    const { sql } = database;
    // One that an earlier version has migrated: what Drizzle's table says is of that schema.
    await migrateByDrizzle(earlierFolder(4));
    await sql`create schema one`;
    await sql`create schema two`;
    const urls = [database.url, inSchema('one,public'), inSchema('two')];
    await Promise.all(urls.map((url) => migratePostgres(url)));
    for (const schema of ['public', 'one', 'two']) expect(await recorded(schema)).toEqual(names);
    const servers = await Promise.all(
      urls.map((url) => startTestServer({ database: asTestDatabase(url) })),
    );
    try {
      const email = 'ada@example.com';
      for (const server of servers) await registerPerson(server, { email });
      expect(
        await sql`select (select count(*) from public.users)::int as a,
        (select count(*) from one.users)::int as b,
        (select count(*) from two.users)::int as c`,
      ).toEqual([{ a: 1, b: 1, c: 1 }]);
      const kids = servers.map(({ app }) => app.keyRing.signing().kid);
      expect(new Set(kids).size).toBe(3);
      // A purge, a rotation and a migration of one keep no other from theirs.
      await sql`delete from one.latchkey_migrations where name = '0002_storage_parameters'`;
      await sql.begin(async (tx) => {
        for (const key of ['7809634751936259449', '7809634751936259450', '7809634751936259451'])
          await tx`select pg_advisory_xact_lock(${key}::bigint)`;
        await migratePostgres(urls[1] ?? '');
        const [, other] = servers;
        other?.clock.advance(500 * 24 * 3600);
        if (other) {
          const counts = await purgeExpired(other.app, { alone: true });
          expect(counts.sessions).toBe(1);
        }
      });
      expect(await recorded('one')).toEqual(names);
    } finally {
      for (const server of servers) {
        await server.stop();
        await server.database.drop();
      }
    }
  });

  it('comes from the role, too, and is refused by name where it is not there', async () => {
    const { sql, name } = database;
    await sql`alter database ${sql(name)} set search_path = later`;
    await expect(migratePostgres(database.url)).rejects.toMatchObject({ code: 'NO_SCHEMA' });
    expect(await inspectPostgres(database.url, () => new Date())).toMatchObject({
      schema: null,
      pending: ours.length,
    });
    await sql`create schema later`;
    await migratePostgres(database.url);
    expect(await recorded('later')).toEqual(names);
  });
});

describe('the lock of migrations', () => {
  it('X-29 is waited for with a line that says who has it', async () => {
    const messages: string[] = [];
    const { sql } = database;
    const migrated = await sql.begin(async (tx) => {
      await tx`set local application_name = 'latchkey-elsewhere'`;
      const [holder] = await tx`select pg_backend_pid() as pid`;
      await tx`select pg_advisory_xact_lock(7809634751936259449)`;
      const done = migratePostgres(database.url, (message) => messages.push(message));
      done.catch(() => {});
      while (messages.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
      expect(messages).toEqual([
        `Waiting for process ${holder?.['pid']} of the database (latchkey-elsewhere), ` +
          'which is applying migrations.',
      ]);
      return { done };
    });
    await migrated.done;
    expect(await recorded()).toEqual(names);
    expect(messages.slice(1)).toEqual(names.map((name) => `Applying ${name}.`));
  });
});
