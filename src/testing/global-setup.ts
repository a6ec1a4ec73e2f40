import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import type { TestProject } from 'vitest/node';
import { migratePostgres } from '../db/migrate.ts';
import { startEmbeddedPostgres } from './embedded-postgres.ts';

export type TestServer = {
  /** The URL of an account that may create databases. */
  readonly adminUrl: string;
  /** The prefix of every database of this run; they are dropped at its end. */
  readonly prefix: string;
  /** The migrated template from which each test database is copied. */
  readonly template: string;
  /** Whether this run started the server. */
  readonly isOwn: boolean;
};

declare module 'vitest' {
  interface ProvidedContext {
    /** Null in the project that uses PGlite. */
    testServer: TestServer | null;
    /** For the summary, such as `postgres 18.4`. */
    databaseName: string;
    /** The folder for files that workers make once; it is deleted at the end of the run. */
    scratchFolder: string;
  }
}

/**
 * Runs once before the tests of the project `postgres`: prepares a server (ours, or the one of
 * TEST_DATABASE_URL) and a migrated template.
 */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env['TEST_DATABASE_URL'];
  const own = given ? null : await startEmbeddedPostgres();
  const adminUrl = own?.url ?? given ?? '';
  const prefix = `latchkey_test_${randomBytes(4).toString('hex')}_`;
  const template = `${prefix}template`;
  const scratchFolder = mkdtempSync(join(tmpdir(), 'latchkey-scratch-'));
  try {
    const version = await withAdmin(adminUrl, async (sql) => {
      await sql`create database ${sql(template)}`;
      const [row] = await sql<{ server_version: string }[]>`show server_version`;
      return row?.server_version.split(' ')[0] ?? '';
    });
    await migratePostgres(databaseUrl(adminUrl, template));
    project.provide('testServer', { adminUrl, prefix, template, isOwn: own !== null });
    project.provide('scratchFolder', scratchFolder);
    project.provide('databaseName', `postgres ${version}`);
  } catch (error) {
    rmSync(scratchFolder, { recursive: true, force: true });
    await own?.stop();
    throw error;
  }
  return async () => {
    rmSync(scratchFolder, { recursive: true, force: true });
    if (own) await own.stop();
    else await dropDatabases(adminUrl, prefix);
  };
}

/** The URL of another database on the same server. */
export function databaseUrl(adminUrl: string, name: string): string {
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  return url.href;
}

/** Runs work with a short-lived administrative connection. */
export async function withAdmin<T>(
  adminUrl: string,
  work: (sql: postgres.Sql) => Promise<T>,
): Promise<T> {
  const sql = postgres(adminUrl, { max: 1, onnotice: () => {} });
  try {
    return await work(sql);
  } finally {
    await sql.end({ timeout: 5 });
  }
}

async function dropDatabases(adminUrl: string, prefix: string): Promise<void> {
  await withAdmin(adminUrl, async (sql) => {
    const rows = await sql<
      { datname: string }[]
    >`select datname from pg_database where starts_with(datname, ${prefix})`;
    for (const row of rows) await sql`drop database if exists ${sql(row.datname)} with (force)`;
  });
}
