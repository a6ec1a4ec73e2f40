import { performance } from 'node:perf_hooks';
import postgres from 'postgres';
import { appliedHashes, hashesInDrizzle, wasApplied } from './apply-migrations.ts';
import { createPrimaryFinder } from './driver/find-primary.ts';
import { pinSettings } from './driver/settings.ts';
import { socketOption } from './driver/socket-urls.ts';
import { readMigrations } from './migrations.ts';

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
  /** The schema that our tables are in or go to; null where that of the connection is not there. */
  readonly schema: string | null;
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
  const primary = await findPrimary();
  const sql = postgres(primary, {
    ...socketOption(primary),
    max: 1,
    connect_timeout: 5,
    fetch_types: false,
    onnotice: () => {},
    connection: { application_name: 'latchkey-doctor', statement_timeout: 10_000 },
  });
  try {
    // biome-ignore lint/plugin: a text of our own, of more than one statement.
    await sql.unsafe(pinSettings);
    const begun = performance.now();
    const before = now();
    const [row] = await sql<
      {
        version: string;
        now: Date;
        superuser: boolean;
        replica: boolean;
        connections: number;
        schema: string | null;
      }[]
    >`
      select current_setting('server_version') as version, clock_timestamp() as now,
        pg_is_in_recovery() as replica,
             (select rolsuper from pg_roles where rolname = current_user) as superuser,
             current_setting('max_connections')::int as connections,
             current_schema() as schema`;
    const roundTrip = performance.now() - begun;
    if (!row) throw new Error('The database answered with nothing.');
    const ask = async (text: string, parameters: readonly string[] = []) => {
      // biome-ignore lint/plugin: the text is of apply-migrations.ts.
      return [...(await sql.unsafe(text, [...parameters]))];
    };
    const { schema } = row;
    const migrations = readMigrations();
    const own = schema === null ? new Set<string>() : await appliedHashes({ ask }, schema);
    const applied = own ?? (await hashesInDrizzle({ ask }, schema ?? ''));
    const known = new Set(migrations.flatMap((one) => [one.hash, ...one.formerHashes]));
    return {
      version: row.version.split(' ')[0] ?? '',
      major: Number.parseInt(row.version, 10),
      roundTrip,
      clockAhead: row.now.getTime() - before.getTime() - roundTrip / 2,
      isSuperuser: row.superuser,
      isReplica: row.replica,
      maxConnections: row.connections,
      schema,
      pending: migrations.filter((one) => !wasApplied(one, applied)).length,
      // Drizzle's table may hold another program's.
      unknown: own === null ? 0 : [...own].filter((hash) => !known.has(hash)).length,
    };
  } finally {
    await sql.end({ timeout: 1 });
  }
}
