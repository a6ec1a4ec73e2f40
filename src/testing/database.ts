import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { PGlite } from '@electric-sql/pglite';
import postgres from 'postgres';
import { inject } from 'vitest';
import { type Database, openPostgres, type PostgresOptions } from '../db/driver/client.ts';
import { openPglite } from '../db/pglite.ts';
import { databaseUrl, type TestServer } from './global-setup.ts';

export type TestDatabase = {
  readonly database: Database;
  /** For a second client or another process; null on PGlite, which runs within this process. */
  readonly url: string | null;
  /** Closes the connections and deletes the database. */
  drop(): Promise<void>;
};

type Options = Partial<Pick<PostgresOptions, 'maxConnections' | 'onStatement'>>;

/**
 * An empty, migrated database for one test, on PostgreSQL or PGlite as the vitest project
 * configures.
 */
export async function createTestDatabase(options: Options = {}): Promise<TestDatabase> {
  const server = inject('testServer');
  return server ? await copyTemplate(server, options) : await copyPglite();
}

/** The worker's one administrative connection: opening one for each database takes longer. */
let admin: postgres.Sql | undefined;

async function copyTemplate(server: TestServer, options: Options): Promise<TestDatabase> {
  const name = `${server.prefix}${randomBytes(6).toString('hex')}`;
  admin ??= postgres(server.adminUrl, { max: 1, idle_timeout: 10, onnotice: () => {} });
  const sql = admin;
  // Without fsync, copying files takes a third of the time of copying through the write-ahead log.
  const strategy = server.isOwn ? sql`strategy file_copy` : sql``;
  await sql`create database ${sql(name)} template ${sql(server.template)} ${strategy}`;
  const url = databaseUrl(server.adminUrl, name);
  const database = openPostgres({
    maxConnections: 10,
    ...options,
    url,
    applicationName: 'latchkey-test',
    statementTimeoutMs: 15_000,
  });
  return {
    database,
    url,
    drop: async () => {
      await database.close();
      await sql`drop database if exists ${sql(name)} with (force)`;
    },
  };
}

/**
 * Databases of finished tests, with empty tables. Loading a copy takes a second, truncating a
 * fiftieth of that.
 */
const spare: PGlite[] = [];

async function copyPglite(): Promise<TestDatabase> {
  const client = spare.pop() ?? (await loadMigrated());
  const lease = leaseOf(client);
  return {
    database: openPglite(lease.proxy),
    url: null,
    drop: async () => {
      lease.revoke();
      if (client.closed) return;
      await empty(client);
      spare.push(client);
    },
  };
}

/**
 * The same client until it is revoked: work that a test left running must not reach the next test's
 * rows.
 */
function leaseOf(client: PGlite): { proxy: PGlite; revoke: () => void } {
  return Proxy.revocable(client, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

async function empty(client: PGlite): Promise<void> {
  const { rows } = await client.query<{ tables: string }>(
    `select string_agg(format('%I', tablename), ', ') as tables
     from pg_tables where schemaname = current_schema() and tablename <> 'latchkey_migrations'`,
  );
  await client.exec(`truncate ${rows[0]?.tables} restart identity`);
  await client.exec('discard all');
}

async function loadMigrated(): Promise<PGlite> {
  const dump = await readFile(inject('migratedDump'));
  return await PGlite.create({ loadDataDir: new Blob([new Uint8Array(dump)]) });
}
