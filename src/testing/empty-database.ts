import { randomBytes } from 'node:crypto';
import postgres from 'postgres';
import { inject } from 'vitest';
import { openPostgres } from '../db/driver/client.ts';
import type { TestDatabase } from './database.ts';
import { databaseUrl, withAdmin } from './global-setup.ts';

export type EmptyDatabase = {
  readonly name: string;
  readonly url: string;
  /** A connection of the server's administrator. */
  readonly sql: postgres.Sql;
  drop(): Promise<void>;
};

/** A database without any table. PostgreSQL only. */
export async function createEmptyDatabase(): Promise<EmptyDatabase> {
  const server = inject('testServer');
  if (!server) throw new Error('PGlite has one database only.');
  const name = `${server.prefix}${randomBytes(6).toString('hex')}`;
  await withAdmin(server.adminUrl, (sql) => sql`create database ${sql(name)}`);
  const url = databaseUrl(server.adminUrl, name);
  const sql = postgres(url, { max: 2, onnotice: () => {} });
  return {
    name,
    url,
    sql,
    drop: async () => {
      await sql.end({ timeout: 5 });
      await withAdmin(
        server.adminUrl,
        (admin) => admin`drop database if exists ${admin(name)} with (force)`,
      );
    },
  };
}

/** A migrated database as `startTestServer` takes it; its owner drops it. */
export function asTestDatabase(url: string): TestDatabase {
  const database = openPostgres({
    url,
    maxConnections: 5,
    applicationName: 'latchkey-test',
    statementTimeoutMs: 15_000,
  });
  return { database, url, drop: () => database.close() };
}
