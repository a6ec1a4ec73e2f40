import { randomBytes } from 'node:crypto';
import { PGlite } from '@electric-sql/pglite';
import { inject } from 'vitest';
import { type Database, openPostgres, type PostgresOptions } from '../db/driver/client.ts';
import { migratePglite, openPglite } from '../db/pglite.ts';
import { databaseUrl, type TestServer, withAdmin } from './global-setup.ts';

export type TestDatabase = {
  readonly database: Database;
  /** For a second client or a process of its own; null on PGlite, which lives in this process. */
  readonly url: string | null;
  /** Closes it and removes it. */
  drop(): Promise<void>;
};

type Options = Partial<Pick<PostgresOptions, 'maxConnections' | 'onStatement'>>;

/**
 * An empty, migrated database of the test's own, on what the vitest project says: PostgreSQL or
 * PGlite.
 */
export async function createTestDatabase(options: Options = {}): Promise<TestDatabase> {
  const server = inject('testServer');
  return server ? await copyTemplate(server, options) : await copyPglite();
}

async function copyTemplate(server: TestServer, options: Options): Promise<TestDatabase> {
  const name = `${server.prefix}${randomBytes(6).toString('hex')}`;
  await withAdmin(server.adminUrl, (sql) => {
    // Where nothing is written through to the disk, copying files takes a third of what copying
    // through the log does.
    const strategy = server.isOwn ? sql`strategy file_copy` : sql``;
    return sql`create database ${sql(name)} template ${sql(server.template)} ${strategy}`;
  });
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
      await withAdmin(
        server.adminUrl,
        (sql) => sql`drop database if exists ${sql(name)} with (force)`,
      );
    },
  };
}

/** Migrating takes far longer than loading, so each worker migrates once and loads copies. */
let migrated: Promise<Blob> | undefined;

/**
 * Of tests that are over, emptied. To load a copy takes a second, to empty one a fiftieth of that.
 */
const spare: PGlite[] = [];

async function copyPglite(): Promise<TestDatabase> {
  migrated ??= dumpMigrated();
  const client = spare.pop() ?? (await PGlite.create({ loadDataDir: await migrated }));
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
 * The same until it is revoked: what a test has left running must not reach the next one's rows.
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
    `select string_agg(format('%I', tablename), ', ') as tables from pg_tables where schemaname = 'public'`,
  );
  await client.exec(`truncate ${rows[0]?.tables} restart identity`);
  await client.exec('discard all');
}

async function dumpMigrated(): Promise<Blob> {
  const client = await PGlite.create();
  await migratePglite(client);
  const dump = await client.dumpDataDir('none');
  await client.close();
  return dump;
}
