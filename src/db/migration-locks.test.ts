import { setTimeout as sleep } from 'node:timers/promises';
import type postgres from 'postgres';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEmptyDatabase, type EmptyDatabase } from '../testing/empty-database.ts';
import { migratePostgres } from './migrate.ts';
import { type Migration, readMigrations, toMigration, withoutComments } from './migrations.ts';

const concurrent = /\b(CREATE\s+(UNIQUE\s+)?INDEX|DROP\s+INDEX)\s+CONCURRENTLY\b/i;
const rename = /^\s*ALTER\s+INDEX\s+"\w+"\s+RENAME\s+TO\b/i;
/** What reads a whole table while nobody may write to it. */
const scans = [/\bSET\s+NOT\s+NULL\b/i, /\bADD\s+CONSTRAINT\b(?!.*\bNOT\s+VALID\b)/is];

/** Their rows are purged within days, so that an index is built in a moment. */
const small = [
  'otp_challenges',
  'account_tokens',
  'rate_limits',
  'outbox_messages',
  'signing_keys',
];

let database: EmptyDatabase;
beforeEach(async () => {
  database = await createEmptyDatabase();
});
afterEach(() => database.drop());

type Files = ReadonlyMap<string, string>;

/** The tables and indexes, and the file that each is in: a rewritten one has another. */
const filesOf = async (sql: postgres.Sql): Promise<Files> => {
  const rows = await sql<{ name: string; file: string }[]>`
    select oid::regclass::text as name, relfilenode::text as file from pg_class
    where relnamespace = 'public'::regnamespace and relkind in ('r', 'i')`;
  return new Map(rows.map(({ name, file }) => [name, file]));
};

/** Runs the migration, and says what would keep requests waiting for long in tables of before. */
async function complaintsOf(sql: postgres.Sql, migration: Migration): Promise<string[]> {
  if (migration.isConcurrent) {
    // biome-ignore lint/plugin: the statements of a migration.
    for (const statement of migration.statements) await sql.unsafe(statement);
    return migration.statements
      .map((statement) => withoutComments(statement).trim())
      .filter((statement) => !concurrent.test(statement) && !rename.test(statement))
      .map((statement) => `not concurrent: ${statement}`);
  }
  const complaints: string[] = [];
  const before = await filesOf(sql);
  await sql`begin`;
  for (const statement of migration.statements) {
    // biome-ignore lint/plugin: a statement of a migration.
    await sql.unsafe(statement);
    const [, table = ''] = /\bALTER\s+TABLE\s+"(\w+)"/i.exec(statement) ?? [];
    if (before.has(table) && scans.some((scan) => scan.test(withoutComments(statement))))
      complaints.push(`reads all of ${table}`);
  }
  const locks = await sql<{ name: string }[]>`
    select distinct relation::regclass::text as name from pg_locks
    where pid = pg_backend_pid() and mode = 'ShareLock' and locktype = 'relation'`;
  for (const { name } of locks)
    if (before.has(name) && !small.includes(name))
      complaints.push(`stops writes to ${name} while it builds an index`);
  const after = await filesOf(sql);
  for (const [name, file] of before)
    if (after.has(name) && after.get(name) !== file) complaints.push(`writes ${name} anew`);
  await sql`commit`;
  return complaints;
}

describe('X-35 the locks of each migration', () => {
  it('keep no request waiting for long', { timeout: 60_000 }, async () => {
    const connection = await database.sql.reserve();
    const complaints: Record<string, string[]> = {};
    for (const migration of readMigrations()) {
      const found = await complaintsOf(connection, migration);
      if (found.length > 0) complaints[migration.name] = found;
    }
    expect(complaints).toEqual({});
    // The check itself: what it has to find.
    const bad: readonly (readonly [string, string])[] = [
      ['CREATE INDEX "i" ON "users" ("name")', 'stops writes to users while it builds an index'],
      ['ALTER TABLE "users" ALTER COLUMN "name" TYPE varchar(9)', 'writes users anew'],
      ['ALTER TABLE "users" ALTER COLUMN "name" SET NOT NULL', 'reads all of users'],
      ['ALTER TABLE "users" ADD CONSTRAINT "c" CHECK ("name" <> \'\')', 'reads all of users'],
      [
        'CREATE INDEX CONCURRENTLY "j" ON "users" ("name");--> statement-breakpoint\n' +
          'ALTER TABLE "users" ADD COLUMN "x" text',
        'not concurrent: ALTER TABLE "users" ADD COLUMN "x" text',
      ],
    ];
    for (const [text, complaint] of bad)
      expect(await complaintsOf(connection, toMigration('bad', text))).toContain(complaint);
    const good = 'CREATE TABLE "n" ("id" int);--> statement-breakpoint\nCREATE INDEX ON "n" ("id")';
    expect(await complaintsOf(connection, toMigration('good', good))).toEqual([]);
    connection.release();
  });

  it('are given up for those who use the table, and tried for again', async () => {
    const { sql } = database;
    await migratePostgres(database.url);
    await sql`delete from latchkey_migrations where name = '0003_outbox_kinds'`;
    await sql`alter table outbox_messages drop column kind`;
    const messages: string[] = [];
    let done: Promise<void> | undefined;
    await sql.begin(async (tx) => {
      await tx`select 1 from outbox_messages`;
      done = migratePostgres(database.url, (message) => messages.push(message));
      done.catch(() => {});
      while (!messages.some((message) => message.includes('waits for a table'))) await sleep(20);
      // It does not wait in front of others.
      await sql`insert into outbox_messages (id, template, available_at, expires_at, created_at)
        values (gen_random_uuid(), 'x', now(), now(), now())`;
    });
    await done;
    expect(await sql`select kind from outbox_messages`).toEqual([{ kind: 'mail' }]);
  });

  it('let others write while an index is built, also after a build that failed', async () => {
    const { sql } = database;
    await migratePostgres(database.url);
    await sql`delete from latchkey_migrations where name = '0001_growth'`;
    const insert = (db: postgres.Sql | postgres.TransactionSql) => db`
      insert into users (id, email, email_canonical, created_at)
      values (gen_random_uuid(), 'ada', gen_random_uuid(), now())`;
    const building = async () => {
      const [row] = await sql`select to_regclass('users_email_canonical_next')::text as index`;
      return row?.['index'] !== null;
    };
    const run = async (end: (pid: number) => Promise<unknown>): Promise<unknown> => {
      let done: Promise<unknown> | undefined;
      await sql.begin(async (tx) => {
        await insert(tx);
        done = migratePostgres(database.url).catch((error: unknown) => error);
        while (!(await building())) await sleep(20);
        await insert(sql);
        const [row] = await sql<{ pid: number }[]>`
          select pid from pg_stat_activity
          where application_name = 'latchkey-migrate' and datname = current_database()`;
        await end(row?.pid ?? 0);
      });
      return done;
    };
    expect(await run((pid) => sql`select pg_terminate_backend(${pid})`)).toBeInstanceOf(Error);
    expect(await building()).toBe(true);
    expect(await run(async () => {})).toBeUndefined();
    expect(
      await sql`select indisvalid as valid, indisunique as unique from pg_index
      where indexrelid = 'users_email_canonical_unique'::regclass`,
    ).toEqual([{ valid: true, unique: true }]);
    expect(await building()).toBe(false);
  });
});
