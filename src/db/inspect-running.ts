import { performance } from 'node:perf_hooks';
import { sql } from 'drizzle-orm';
import { wasApplied } from './apply-migrations.ts';
import type { Db } from './driver/client.ts';
import type { Inspection } from './inspect.ts';
import { readMigrations } from './migrations.ts';

/** What a server can tell of the database that it uses, by its own connections. */
export type RunningInspection = Omit<Inspection, 'schema'>;

/** One statement for the server, and one for the applied migrations; changes nothing. */
export async function inspectRunning(db: Db, now: () => Date): Promise<RunningInspection> {
  const begun = performance.now();
  const before = now();
  const [row] = await db
    .select({
      version: sql<string>`current_setting('server_version')`,
      now: sql`clock_timestamp()`.mapWith((text: string | Date) => new Date(text)),
      isReplica: sql<boolean>`pg_is_in_recovery()`,
      isSuperuser: sql<boolean>`(select rolsuper from pg_roles where rolname = current_user)`,
      maxConnections: sql`current_setting('max_connections')::int`.mapWith(Number),
    })
    .from(sql`(select 1) as one`);
  const roundTrip = performance.now() - begun;
  if (!row) throw new Error('The database answered with nothing.');
  const rows = await db.select({ hash: sql<string>`hash` }).from(sql`latchkey_migrations`);
  const applied = new Set(rows.map(({ hash }) => hash));
  const migrations = readMigrations();
  const known = new Set(migrations.flatMap((one) => [one.hash, ...one.formerHashes]));
  const { version, now: theirs, ...facts } = row;
  return {
    ...facts,
    version: version.split(' ')[0] ?? '',
    major: Number.parseInt(version, 10),
    roundTrip,
    clockAhead: theirs.getTime() - before.getTime() - roundTrip / 2,
    pending: migrations.filter((one) => !wasApplied(one, applied)).length,
    unknown: [...applied].filter((hash) => !known.has(hash)).length,
  };
}
