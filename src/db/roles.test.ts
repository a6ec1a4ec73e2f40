import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { purgeExpired } from '../domain/retention/purge-expired.ts';
import { startTestServer, type TestServer } from '../testing/app.ts';
import { createTestDatabase, type TestDatabase } from '../testing/database.ts';
import { type Journey, liveThrough } from '../testing/journey.ts';
import { openPostgres } from './driver/client.ts';

// Roles belong to the whole cluster, so each run uses its own.
const role = `latchkey_app_${randomBytes(4).toString('hex')}`;
const password = randomBytes(16).toString('hex');

let database: TestDatabase;
let owner: postgres.Sql;
let app: postgres.Sql;
let server: TestServer;

beforeAll(async () => {
  database = await createTestDatabase();
  if (database.url === null) throw new Error('PGlite has one role only.');
  owner = postgres(database.url, { max: 1, onnotice: () => {} });
  const script = readFileSync('docs/database-roles.sql', 'utf8').replaceAll('latchkey_app', role);
  await owner.begin(async (sql) => {
    for (const statement of script.replace(/^--.*$/gm, '').split(';')) {
      // biome-ignore lint/plugin: the statements come from our own document in the repository.
      if (statement.trim() !== '') await sql.unsafe(statement);
    }
    // biome-ignore lint/plugin: a random name and password of this test's own.
    await sql.unsafe(`alter role ${role} password '${password}'`);
  });
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
    database: { ...database, database: restricted, url: url.href, drop: () => restricted.close() },
  });
});

afterAll(async () => {
  await server.stop();
  await server.database.drop();
  await app.end();
  await owner`drop owned by ${owner(role)}`;
  await owner`drop role ${owner(role)}`;
  await owner.end();
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
