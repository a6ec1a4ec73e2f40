import { randomBytes } from 'node:crypto';
import { PGlite } from '@electric-sql/pglite';
import { inject } from 'vitest';
import { type Database, openPglite, openPostgres, type PostgresOptions } from '../db/client.ts';
import { migratePglite } from '../db/migrate.ts';
import { databaseUrl, type TestServer, withAdmin } from './global-setup.ts';

export type TestDatabase = {
  readonly database: Database;
  /** For a second client or a process of its own; null on PGlite, which lives in this process. */
  readonly url: string | null;
  /** Closes it and removes it. */
  drop(): Promise<void>;
};

type Options = Partial<Pick<PostgresOptions, 'maxConnections' | 'onStatement'>>;

/** An empty, migrated database of the test's own, on what the vitest project says: PostgreSQL or PGlite. */
export async function createTestDatabase(options: Options = {}): Promise<TestDatabase> {
  const server = inject('testServer');
  return server ? await copyTemplate(server, options) : await copyPglite();
}

async function copyTemplate(server: TestServer, options: Options): Promise<TestDatabase> {
  const name = `${server.prefix}${randomBytes(6).toString('hex')}`;
  await withAdmin(server.adminUrl, (sql) => sql`create database ${sql(name)} template ${sql(server.template)}`);
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
      await withAdmin(server.adminUrl, (sql) => sql`drop database if exists ${sql(name)} with (force)`);
    },
  };
}

/** Migrating takes far longer than loading, so each worker migrates once and loads copies. */
let migrated: Promise<Blob> | undefined;

async function copyPglite(): Promise<TestDatabase> {
  migrated ??= dumpMigrated();
  const client = await PGlite.create({ loadDataDir: await migrated });
  return { database: openPglite(client), url: null, drop: () => client.close() };
}

async function dumpMigrated(): Promise<Blob> {
  const client = await PGlite.create();
  await migratePglite(client);
  const dump = await client.dumpDataDir('none');
  await client.close();
  return dump;
}
