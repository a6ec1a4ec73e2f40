import postgres from 'postgres';
import { migratePostgres } from '../../src/db/migrate.ts';
import {
  type EmbeddedPostgres,
  startEmbeddedPostgres,
} from '../../src/testing/embedded-postgres.ts';

/** A PostgreSQL of its own that keeps what it acknowledges, as in production. */
export function startDurablePostgres(
  settings: Readonly<Record<string, string>> = {},
): Promise<EmbeddedPostgres> {
  return startEmbeddedPostgres({
    fsync: 'on',
    synchronous_commit: 'on',
    full_page_writes: 'on',
    wal_level: 'replica',
    shared_buffers: '256MB',
    ...settings,
  });
}

/** A new, migrated database on the server of `adminUrl`; answers with its URL. */
export async function makeDatabase(adminUrl: string, name: string): Promise<string> {
  const sql = postgres(adminUrl, { max: 1, onnotice: () => {} });
  await sql`create database ${sql(name)}`;
  await sql.end();
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  await migratePostgres(url.href);
  return url.href;
}
