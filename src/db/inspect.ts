import { performance } from 'node:perf_hooks';
import { readMigrationFiles } from 'drizzle-orm/migrator';
import postgres from 'postgres';
import { createPrimaryFinder } from './driver/find-primary.ts';
import { migrationsFolder } from './migrate.ts';

/** What an operator needs to know about a PostgreSQL server before using it. */
export type Inspection = {
  /** Such as `17.2`. */
  readonly version: string;
  readonly major: number;
  /** Round trip of an empty statement, in milliseconds. */
  readonly roundTrip: number;
  /** Milliseconds by which the server's clock is ahead of `now`, corrected by half a round trip. */
  readonly clockAhead: number;
  readonly isSuperuser: boolean;
  readonly isReplica: boolean;
  readonly maxConnections: number;
  /** Migrations of this version that are not applied; all of them on an empty database. */
  readonly pending: number;
  /** Applied migrations that this version does not know: a newer version has run here. */
  readonly unknown: number;
};

/**
 * Inspects the server and changes nothing. Rejects with the driver's error when it cannot be
 * reached or refuses the sign-in.
 */
export async function inspectPostgres(url: string, now: () => Date): Promise<Inspection> {
  const findPrimary = createPrimaryFinder(url);
  const sql = postgres(await findPrimary(), {
    max: 1,
    connect_timeout: 5,
    fetch_types: false,
    onnotice: () => {},
    connection: { application_name: 'latchkey-doctor', statement_timeout: 10_000 },
  });
  try {
    await sql`select 1`;
    const begun = performance.now();
    const before = now();
    const [row] = await sql<
      {
        version: string;
        now: Date;
        superuser: boolean;
        replica: boolean;
        connections: number;
        table: string | null;
      }[]
    >`
      select current_setting('server_version') as version, clock_timestamp() as now,
        pg_is_in_recovery() as replica,
             (select rolsuper from pg_roles where rolname = current_user) as superuser,
             current_setting('max_connections')::int as connections,
             to_regclass('drizzle.__drizzle_migrations')::text as table`;
    const roundTrip = performance.now() - begun;
    if (!row) throw new Error('The database answered with nothing.');
    const applied =
      row.table === null
        ? []
        : await sql<{ at: string }[]>`
      select created_at::text as at from drizzle.__drizzle_migrations`;
    const known = readMigrationFiles({ migrationsFolder }).map(({ folderMillis }) => folderMillis);
    const newest = Math.max(0, ...applied.map(({ at }) => Number(at)));
    return {
      version: row.version.split(' ')[0] ?? '',
      major: Number.parseInt(row.version, 10),
      roundTrip,
      clockAhead: row.now.getTime() - before.getTime() - roundTrip / 2,
      isSuperuser: row.superuser,
      isReplica: row.replica,
      maxConnections: row.connections,
      // Drizzle's migrator decides in the same way: by the time of the newest applied migration.
      pending: known.filter((at) => at > newest).length,
      unknown:
        newest > Math.max(...known)
          ? applied.filter(({ at }) => !known.includes(Number(at))).length
          : 0,
    };
  } finally {
    await sql.end({ timeout: 1 });
  }
}
