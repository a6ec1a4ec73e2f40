import { setTimeout as sleep } from 'node:timers/promises';
import { locks } from './driver/lock-keys.ts';
import { type Migration, readMigrations, withoutComments } from './migrations.ts';

/** One connection, of PostgreSQL or of PGlite. */
export type MigrationClient = {
  ask(text: string, parameters?: readonly string[]): Promise<Record<string, unknown>[]>;
};

/** What an operator should see while it takes long. */
export type Progress = (message: string) => void;

/** Refused by this module itself; the database's own failures keep their codes. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError';
  readonly code: 'NO_SCHEMA' | 'MIGRATION_LOCKED' | 'MIGRATION_INCOMPLETE';

  constructor(code: MigrationError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/** As `lockKey` has it, for a plain statement. */
const migrationLock = `(${locks.migrations}
  + case current_schema() when 'public' then 0 else hashtext(current_schema()) end)`;
/** Milliseconds. */
const lockPoll = 200;
const longestLockWait = 15 * 60_000;
const noticeEvery = 30_000;
/**
 * Milliseconds that a statement waits for a table: whoever comes after it waits as long. Then it
 * gives way, and tries again after the pause.
 */
const tableLockTimeout = 1000;
const pauseBetweenTries = 2000;
const longestTries = 5 * 60_000;
/** Milliseconds. Nobody waits behind a concurrent build, which waits for older transactions. */
const buildLockTimeout = 10 * 60_000;
/** SQLSTATE lock_not_available, deadlock_detected. */
const giveWay = /^(55P03|40P01)$/;

/**
 * Applies what is missing in the connection's schema, each migration in a transaction of its own,
 * under a lock of that schema. Afterwards every migration of this version is recorded, or it
 * rejects.
 */
export async function applyMigrations(client: MigrationClient, progress: Progress): Promise<void> {
  const migrations = readMigrations();
  const schema = await enterSchema(client);
  // A role that may not create anything can start a server on a database that is up to date.
  if ((await missingOf(client, { schema, migrations })).length === 0) return;
  await takeLock(client, progress);
  try {
    await prepareTable(client, { schema, migrations });
    for (const migration of await missingOf(client, { schema, migrations })) {
      progress(`Applying ${migration.name}.`);
      await withRetries(() => apply(client, migration), migration, progress);
    }
    const left = await missingOf(client, { schema, migrations });
    if (left.length > 0) {
      const names = left.map(({ name }) => name).join(', ');
      throw new MigrationError('MIGRATION_INCOMPLETE', `Not recorded as applied: ${names}.`);
    }
  } finally {
    await client.ask(`select pg_advisory_unlock(${migrationLock})`).catch(() => {});
  }
}

type Place = { readonly schema: string; readonly migrations: readonly Migration[] };

/** The schema that new tables go to; from here on, names are looked up in no other. */
async function enterSchema(client: MigrationClient): Promise<string> {
  const [row] = await client.ask('select current_schema() as schema');
  const schema = row?.['schema'];
  if (typeof schema !== 'string')
    throw new MigrationError('NO_SCHEMA', 'No schema of the search_path exists.');
  await client.ask(`select set_config('search_path', quote_ident($1), false)`, [schema]);
  return schema;
}

async function missingOf(client: MigrationClient, { schema, migrations }: Place) {
  const applied = await appliedHashes(client, schema);
  return migrations.filter(({ hash }) => applied?.has(hash) !== true);
}

/** Null where nothing was ever recorded in the schema. */
export async function appliedHashes(
  client: MigrationClient,
  schema: string,
): Promise<ReadonlySet<string> | null> {
  const [table] = await client.ask(
    `select 1 from pg_tables where schemaname = $1 and tablename = 'latchkey_migrations'`,
    [schema],
  );
  if (table === undefined) return null;
  const rows = await client.ask('select hash from latchkey_migrations');
  return new Set(rows.map(({ hash }) => String(hash)));
}

/** Makes the table of applied migrations where there is none, with what Drizzle's says of ours. */
async function prepareTable(client: MigrationClient, { schema, migrations }: Place) {
  if ((await appliedHashes(client, schema)) === null) {
    await inTransaction(client, async () => {
      await client.ask(`create table latchkey_migrations (
        hash text primary key, name text not null, applied_at timestamptz not null default now())`);
      const former = await hashesInDrizzle(client, schema);
      for (const migration of migrations) {
        if (wasApplied(migration, former)) await record(client, migration);
      }
    });
  }
  const applied = (await appliedHashes(client, schema)) ?? new Set();
  for (const migration of migrations) {
    if (!applied.has(migration.hash) && wasApplied(migration, applied))
      await record(client, migration);
  }
}

export function wasApplied({ hash, formerHashes }: Migration, hashes: ReadonlySet<string>) {
  return [hash, ...formerHashes].some((one) => hashes.has(one));
}

async function record(client: MigrationClient, { hash, name }: Migration): Promise<void> {
  await client.ask('insert into latchkey_migrations (hash, name) values ($1, $2)', [hash, name]);
}

/**
 * What earlier versions recorded in Drizzle's own table, which another program may share. It is
 * one for the whole database, so it counts only in the schema that has our tables.
 */
export async function hashesInDrizzle(
  client: MigrationClient,
  schema: string,
): Promise<ReadonlySet<string>> {
  const [found] = await client.ask(
    `select 1 from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'drizzle' and c.relname = '__drizzle_migrations'
      and has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select')
      and (select count(*) from pg_tables where schemaname = $1 and tablename in
        ('users', 'signing_keys', 'otp_challenges', 'audit_origins', 'rate_limits')) = 5`,
    [schema],
  );
  if (found === undefined) return new Set();
  const rows = await client.ask('select hash from drizzle.__drizzle_migrations');
  return new Set(rows.map(({ hash }) => String(hash)));
}

/**
 * Tried and not waited for: a session that waits keeps a snapshot, which a concurrent index build
 * of the session that has the lock would wait for in turn.
 */
async function takeLock(client: MigrationClient, progress: Progress): Promise<void> {
  for (let waited = 0; ; waited += lockPoll) {
    const [row] = await client.ask(`select pg_try_advisory_lock(${migrationLock}) as taken`);
    if (row?.['taken'] === true) return;
    if (waited % noticeEvery === 0) progress(await lockHolder(client));
    if (waited >= longestLockWait)
      throw new MigrationError('MIGRATION_LOCKED', 'The lock for migrations did not become free.');
    await sleep(lockPoll);
  }
}

async function lockHolder(client: MigrationClient): Promise<string> {
  const [row] = await client.ask(
    `select a.pid, a.application_name as name from pg_locks l join pg_stat_activity a using (pid)
    where l.locktype = 'advisory' and l.granted
      and l.database = (select oid from pg_database where datname = current_database())
      and (l.classid::bigint << 32 | l.objid::bigint) = ${migrationLock}`,
  );
  const holder = row ? `process ${row['pid']} of the database (${row['name']})` : 'another process';
  return `Waiting for ${holder}, which is applying migrations.`;
}

async function apply(client: MigrationClient, migration: Migration): Promise<void> {
  if (!migration.isConcurrent) {
    return inTransaction(client, async () => {
      await client.ask(`select set_config('lock_timeout', '${tableLockTimeout}', true)`);
      for (const statement of migration.statements) await client.ask(statement);
      await record(client, migration);
    });
  }
  for (const statement of migration.statements) {
    const isBuild = /\bCONCURRENTLY\b/i.test(withoutComments(statement));
    const timeout = isBuild ? buildLockTimeout : tableLockTimeout;
    await client.ask(`select set_config('lock_timeout', '${timeout}', false)`);
    const [, index] =
      /\bCREATE\s+(?:UNIQUE\s+)?INDEX\s+CONCURRENTLY\s+"(\w+)"/i.exec(statement) ?? [];
    if (index === undefined || !(await isBuilt(client, index))) await client.ask(statement);
  }
  await record(client, migration);
}

/** Whether the index is there; what a build that failed has left is dropped. */
async function isBuilt(client: MigrationClient, index: string): Promise<boolean> {
  const [row] = await client.ask(
    'select indisvalid as valid from pg_index where indexrelid = to_regclass(quote_ident($1))',
    [index],
  );
  if (row && row['valid'] !== true) await client.ask(`drop index concurrently "${index}"`);
  return row?.['valid'] === true;
}

async function inTransaction(client: MigrationClient, work: () => Promise<void>): Promise<void> {
  await client.ask('begin');
  try {
    await work();
    await client.ask('commit');
  } catch (error) {
    await client.ask('rollback').catch(() => {});
    throw error;
  }
}

async function withRetries(
  run: () => Promise<void>,
  { name }: Migration,
  progress: Progress,
): Promise<void> {
  const until = performance.now() + longestTries;
  for (let isFirst = true; ; isFirst = false) {
    try {
      return await run();
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : '';
      if (!giveWay.test(code) || performance.now() > until) throw error;
      if (isFirst) progress(`${name} waits for a table that others are using; it tries again.`);
      await sleep(pauseBetweenTries);
    }
  }
}
