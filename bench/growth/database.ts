import postgres from 'postgres';
import { migratePostgres } from '../../src/db/migrate.ts';
import {
  type EmbeddedPostgres,
  startEmbeddedPostgres,
} from '../../src/testing/embedded-postgres.ts';
import { fill } from './fill.ts';

/**
 * What a machine with 16 GB and two cores would be given; whatever is not named is PostgreSQL's
 * default.
 */
export const settings = {
  shared_buffers: '4GB',
  effective_cache_size: '10GB',
  maintenance_work_mem: '1GB',
  max_wal_size: '16GB',
  checkpoint_timeout: '30min',
  autovacuum_naptime: '10s',
  track_counts: 'on',
  shared_preload_libraries: 'pg_stat_statements',
};

export type GrowthDatabases = {
  readonly server: EmbeddedPostgres;
  readonly urls: readonly string[];
};

/**
 * One PostgreSQL with a database for each number of users, filled where that was not done before.
 */
export async function openGrowthDatabases(input: {
  users: readonly number[];
  folder: string | undefined;
  say: (line: string) => void;
}): Promise<GrowthDatabases> {
  const server = await startEmbeddedPostgres(settings, { keepIn: input.folder });
  const admin = postgres(server.url, { max: 1, onnotice: () => {} });
  const urls: string[] = [];
  for (const users of input.users) {
    const name = `growth_${users}`;
    const [found] = await admin`select 1 from pg_database where datname = ${name}`;
    if (!found) await admin`create database ${admin(name)}`;
    const url = Object.assign(new URL(server.url), { pathname: `/${name}` }).href;
    urls.push(url);
    await migratePostgres(url);
    const sql = postgres(url, { max: 2, onnotice: () => {} });
    try {
      await fill(sql, { users, say: (line) => input.say(`${users}: ${line}`) });
    } finally {
      await sql.end();
    }
  }
  await admin.end();
  return { server, urls };
}
