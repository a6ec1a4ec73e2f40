import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { purgeExpired } from '../domain/retention/purge-expired.ts';
import { startTestServer, type TestServer } from '../testing/app.ts';
import { createEmptyDatabase, type EmptyDatabase } from '../testing/empty-database.ts';
import { type Journey, liveThrough } from '../testing/journey.ts';
import { openPostgres } from './driver/client.ts';
import { migratePostgres } from './migrate.ts';

// Roles belong to the whole cluster, so each run uses its own.
const suffix = randomBytes(4).toString('hex');
const role = `latchkey_app_${suffix}`;
const ownerRole = `latchkey_owner_${suffix}`;
const password = randomBytes(16).toString('hex');

let database: EmptyDatabase;
let owner: postgres.Sql;
let ownerUrl: string;
let app: postgres.Sql;
let server: TestServer;

/** The statements of a section of the page, which begins with its number. */
const section = (number: number): string[] =>
  (readFileSync('docs/database-roles.sql', 'utf8').split(/^-- \d\. /m)[number] ?? '')
    .replace(/^.*\n/, '')
    .replaceAll('latchkey_app', role)
    .replaceAll('latchkey_owner', ownerRole)
    .replace(/^--.*$/gm, '')
    .split(';')
    .filter((statement) => statement.trim() !== '');

async function runAll(sql: postgres.Sql, statements: readonly string[]): Promise<void> {
  // biome-ignore lint/plugin: the statements come from our own document in the repository.
  for (const statement of statements) await sql.unsafe(statement);
}

beforeAll(async () => {
  database = await createEmptyDatabase();
  const { sql } = database;
  await runAll(sql, section(1));
  const passwords = [role, ownerRole].map((name) => `alter role ${name} password '${password}'`);
  await runAll(sql, passwords);
  await sql`alter database ${sql(database.name)} owner to ${sql(ownerRole)}`;
  const own = new URL(database.url);
  own.username = ownerRole;
  own.password = password;
  ownerUrl = own.href;
  owner = postgres(ownerUrl, { max: 1, onnotice: () => {} });
  await migratePostgres(ownerUrl);
  await runAll(owner, section(2));
  const url = new URL(database.url);
  url.username = role;
  url.password = password;
  app = postgres(url.href, { max: 1, onnotice: () => {} });
  const restricted = openPostgres({
    url: url.href,
    maxConnections: 5,
    applicationName: 'latchkey-test',
    statementTimeoutMs: 15_000,
  });
  server = await startTestServer({
    database: { database: restricted, url: url.href, drop: () => restricted.close() },
  });
});

afterAll(async () => {
  await server.stop();
  await server.database.drop();
  await app.end();
  await owner.end();
  const { sql } = database;
  await sql`alter database ${sql(database.name)} owner to current_user`;
  for (const name of [role, ownerRole]) {
    await sql`drop owned by ${sql(name)} cascade`;
    await sql`drop role ${sql(name)}`;
  }
  await database.drop();
});

describe('the database role of docs/database-roles.sql', () => {
  it('LG-6 cannot change, remove or empty the audit trail', async () => {
    await app`insert into audit_events (id, at, type, outcome)
      values (gen_random_uuid(), now(), 'test.done', 'SUCCESS')`;
    for (const attempt of [
      app`update audit_events set outcome = 'SUCCESS'`,
      app`delete from audit_events`,
      app`truncate audit_events`,
      app`alter table audit_events disable trigger all`,
      app`drop table audit_events`,
    ]) {
      await expect(attempt).rejects.toThrow(/permission denied|must be owner/);
    }
  });

  it('AZ-9 cannot create anything and is not a superuser', async () => {
    for (const attempt of [
      app`create table mine (id int)`,
      app`create schema mine`,
      app`create role mine`,
    ]) {
      await expect(attempt).rejects.toThrow(/permission denied/);
    }
    const [row] = await app`select rolsuper, rolcreatedb, rolcreaterole, rolbypassrls
        from pg_roles where rolname = current_user`;
    expect(row).toEqual({
      rolsuper: false,
      rolcreatedb: false,
      rolcreaterole: false,
      rolbypassrls: false,
    });
  });

  it('X-36 are checked table by table, and are enough after an upgrade by the owner', async () => {
    await runAll(owner, section(2));
    expect(await server.app.database.lackingRights()).toEqual([]);
    await owner`revoke update on sessions from ${owner(role)}`;
    await owner`revoke select on latchkey_migrations from ${owner(role)}`;
    expect(await server.app.database.lackingRights()).toEqual([
      { table: 'latchkey_migrations', rights: ['SELECT'] },
      { table: 'sessions', rights: ['UPDATE'] },
    ]);
    await runAll(owner, section(2));
    // As a later version's migration does, which the page knows nothing of.
    await owner`create table later_things (id int primary key)`;
    await owner`delete from latchkey_migrations where name = '0002_storage_parameters'`;
    await migratePostgres(ownerUrl);
    await app`insert into later_things values (1)`;
    await app`update later_things set id = 2`;
    await app`delete from later_things`;
    expect(await server.app.database.lackingRights()).toEqual([]);
    // A server with MIGRATE_ON_START has nothing to create where all is applied.
    const url = new URL(ownerUrl);
    url.username = role;
    await migratePostgres(url.href);
  });

  it('LG-6 suffices for registration, changes, export, deletion and purge', async () => {
    const journey: Journey = await liveThrough(server);
    const events = await app`select type from audit_events where subject_id = ${journey.id}`;
    expect(events.map(({ type }) => type)).toContain('account.deleted');
    expect(await app`select 1 from audit_origins where person_id = ${journey.id}`).toHaveLength(0);
    server.clock.advance(500 * 24 * 3600);
    const counts = await purgeExpired(server.app);
    expect(counts.challenges).toBeGreaterThan(0);
    expect(counts.shortenedOrigins).toBeGreaterThan(0);
    expect(await app`select 1 from audit_events`).not.toHaveLength(0);
  });

  it('LG-6 actor and subject come from the server, whatever the caller sends', async () => {
    const answer = await server.mutate('updateProfile', {
      name: 'Ada',
      actorId: 'somebody',
      userId: 'somebody',
    });
    expect(answer.errors[0].extensions.code).toMatch(/BAD_USER_INPUT|UNAUTHENTICATED/);
  });
});
