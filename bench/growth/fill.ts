import type postgres from 'postgres';

/** Events of a user in the audit trail, each with its origin. */
export const eventsPerUser = 2;
/** Days over which users and events are spread; sessions began in the last thirty. */
const days = 1000;

type Rebuild = { readonly name: string; readonly definition: string };

/**
 * Fills an empty, migrated database with users and their dependent rows, by generate_series, each
 * table without its indexes, which are made afterwards. Does nothing where that was done before.
 * Nth user, session and so on come out the same each time: see `bench.*`.
 */
export async function fill(
  sql: postgres.Sql,
  { users, say }: { users: number; say: (line: string) => void },
): Promise<void> {
  const [done] = await sql`select to_regclass('bench.filled') as filled`;
  if (done?.['filled']) return;
  await sql`create schema if not exists bench`;
  await defineIds(sql, users);
  const keys = await sql<(Rebuild & { table: string })[]>`
    select conname as name, conrelid::regclass::text as table,
      pg_get_constraintdef(oid) as definition
    from pg_constraint where contype = 'f' and connamespace = 'public'::regnamespace`;
  for (const { table, name } of keys)
    await sql`alter table ${sql(table)} drop constraint ${sql(name)}`;
  const load = (table: string, rows: (tx: postgres.TransactionSql) => Promise<unknown>) =>
    loadTable(sql, { table, rows, say });
  const people = async (): Promise<void> => {
    await load('users', (tx) => insertUsers(tx, users));
    await load('sessions', (tx) => insertSessions(tx, users));
    await load('known_devices', (tx) => insertDevices(tx, users));
    await load('rate_limits', (tx) => insertRateLimits(tx, users));
    await load('otp_challenges', (tx) => insertChallenges(tx, users));
    await load('outbox_messages', (tx) => insertMails(tx, users));
  };
  const trail = async (): Promise<void> => {
    await load('audit_events', (tx) => insertEvents(tx, users));
    await load('audit_origins', (tx) => insertOrigins(tx, users));
  };
  await Promise.all([people(), trail()]);
  for (const { table, name, definition } of keys) {
    // biome-ignore lint/plugin: PostgreSQL's own words for what was there before.
    await sql.unsafe(`alter table ${table} add constraint ${name} ${definition}`);
  }
  await sql`create table bench.filled ()`;
}

/**
 * Only what PostgreSQL can put in place of the call (IMMUTABLE throughout): the nth user, session
 * and event, in the order of time, as this server would name them (UUIDv7).
 */
async function defineIds(sql: postgres.Sql, users: number): Promise<void> {
  const now = Date.now();
  const step = Math.floor((days * 86_400_000) / users);
  const statements = [
    `create or replace function bench.id(ms bigint, salt text) returns uuid
      language sql immutable as
       $$select (lpad(to_hex(ms), 12, '0') || '7' || overlay(left(md5(salt), 19) placing 'a'
         from 4 for 1))::uuid$$`,
    `create or replace function bench.at(ms bigint) returns timestamptz language sql immutable as
       $$select to_timestamp(ms / 1000::double precision)$$`,
    `create or replace function bench.user_ms(n bigint) returns bigint language sql immutable as
       $$select ${now} - (${users} - n) * ${step}$$`,
    `create or replace function bench.user_id(n bigint) returns uuid language sql immutable as
       $$select bench.id(bench.user_ms(n), 'u' || n::text)$$`,
    // The owner of the nth session, device or event: each user in turn, in no order.
    `create or replace function bench.owner(n bigint) returns bigint language sql immutable as
       $$select n * 7919 % ${users} + 1$$`,
    `create or replace function bench.session_ms(n bigint) returns bigint language sql immutable as
       $$select ${now} - (${users} - n) * ${Math.max(1, Math.floor((30 * 86_400_000) / users))}$$`,
    `create or replace function bench.session_id(n bigint) returns uuid language sql immutable as
       $$select bench.id(bench.session_ms(n), 's' || n::text)$$`,
    `create or replace function bench.event_ms(n bigint) returns bigint language sql immutable as
       $$select ${now} - (${users * eventsPerUser} - n) * ${Math.floor(step / eventsPerUser)}$$`,
    `create or replace function bench.event_id(n bigint) returns uuid language sql immutable as
       $$select bench.id(bench.event_ms(n), 'e' || n::text)$$`,
  ];
  for (const statement of statements) {
    // biome-ignore lint/plugin: numbers of our own, which a function cannot take as values.
    await sql.unsafe(statement);
  }
}

type Load = {
  readonly table: string;
  readonly rows: (tx: postgres.TransactionSql) => Promise<unknown>;
  readonly say: (line: string) => void;
};

async function loadTable(sql: postgres.Sql, { table, rows, say }: Load): Promise<void> {
  const began = performance.now();
  let filled = began;
  await sql.begin(async (tx) => {
    // Emptied here, so that PostgreSQL need not log what is written (wal_level minimal).
    await tx`truncate ${tx(table)} cascade`;
    const [key] = await tx<Rebuild[]>`
      select conname as name, pg_get_constraintdef(oid) as definition from pg_constraint
      where contype = 'p' and conrelid = ${table}::regclass`;
    const indexes = await tx<Rebuild[]>`
      select indexname as name, indexdef as definition from pg_indexes
      where schemaname = 'public' and tablename = ${table} and indexname <> ${key?.name ?? ''}`;
    for (const { name } of indexes) await tx`drop index ${tx(name)}`;
    if (key) await tx`alter table ${tx(table)} drop constraint ${tx(key.name)}`;
    await rows(tx);
    filled = performance.now();
    const again = indexes.map(({ definition }) => definition);
    if (key) again.unshift(`alter table ${table} add constraint ${key.name} ${key.definition}`);
    // biome-ignore lint/plugin: PostgreSQL's own words for what was there before.
    for (const statement of again) await tx.unsafe(statement);
  });
  const indexed = performance.now();
  await sql`vacuum (analyze, freeze) ${sql(table)}`;
  const seconds = (from: number, to: number): string => ((to - from) / 1000).toFixed(0);
  say(
    `  ${table}: rows ${seconds(began, filled)} s, indexes ${seconds(filled, indexed)} s,
      vacuum ${seconds(indexed, performance.now())} s`,
  );
}

// `offset 0` keeps PostgreSQL from working out again for each column what stands in it once.

/**
 * One in fifty has not proved the address, one in a thousand is suspended, one in ten has no name.
 */
const insertUsers = (tx: postgres.TransactionSql, users: number) => tx`
  insert into users (id, email, email_canonical, email_verified_at, name, roles, locale,
    password_hash, password_changed_at,
    suspended_at, last_login_at, created_at)
  select bench.user_id(n), email, email, case when n % 50 <> 0 then at end, case when n % 10 <> 0
    then initcap(first || ' ' || last) end,
    '{}', 'en', 'bcrypt-hmac-sha256.00000000$2b$12$' || left(m || m, 53), at, case when n % 1000 = 1
      then at end, at, at
  from (
    select *, first || '.' || last || n::text || '@example.com' as email from (
      select *, left(m, 5 + n::int % 4) as first, substr(m, 10, 6 + n::int % 5) as last from (
        select n, translate(md5(n::text), '0123456789', 'ghijklmnop') as m,
          bench.at(bench.user_ms(n)) as at
        from generate_series(1, ${users}::bigint) n offset 0) a offset 0) b offset 0) c`;

/** One for each user; one in five has ended. */
const insertSessions = (tx: postgres.TransactionSql, users: number) => tx`
  insert into sessions (id, user_id, refresh_hash, previous_refresh_hash, refresh_generation,
    rotated_at, refresh_window_ends_at,
    refresh_window_count, created_at, last_used_at, idle_expires_at, absolute_expires_at,
      authenticated_at, methods, proved_methods,
    network, device, revoked_at, revoked_reason)
  select bench.session_id(n), bench.user_id(bench.owner(n)), hash, hash, 1, at, at, 1, at, at,
    later, later, at, '{pwd}', '{PASSWORD}',
    '203.0.113.0/24', 'Firefox on Linux', case when n % 5 = 0 then at end, case when n % 5 = 0
      then 'logout' end
  from (
    select *, at + interval '9600 hours' as later from (
      select n, sha256(int8send(n)) as hash, bench.at(bench.session_ms(n)) as at
      from generate_series(1, ${users}::bigint) n offset 0) a offset 0) b`;

const insertDevices = (tx: postgres.TransactionSql, users: number) => tx`
  insert into known_devices (id, user_id, device_hash, first_seen_at, last_seen_at)
  select bench.id(bench.session_ms(n), 'd' || n::text), bench.user_id(bench.owner(n)),
    sha256(int8send(-n)), at, at
  from (select n, bench.at(bench.session_ms(n)) as at from generate_series(1,
    ${users}::bigint) n offset 0) a`;

/** Windows of a fiftieth of the users. */
const insertRateLimits = (tx: postgres.TransactionSql, users: number) => tx`
  insert into rate_limits (key, count, window_ends_at)
  select sha256(int8send(n)), 1, now() + interval '400 days' from generate_series(1,
    ${Math.ceil(users / 50)}::bigint) n`;

/** Codes of a twentieth of the users, all completed or expired. */
const insertChallenges = (tx: postgres.TransactionSql, users: number) => tx`
  insert into otp_challenges (id, handle_hash, user_id, purpose, methods, email, sent_to, code_hash,
    account_key, expires_at, consumed_at,
    created_at)
  select bench.id(bench.session_ms(n), 'o' || n::text), sha256(int8send(n)),
    bench.user_id(bench.owner(n)), 'LOGIN', '{EMAIL}',
    n || '@example.com', 'a***@example.com', sha256(int8send(-n)), sha256(int8send(-n)),
      now() - interval '1 hour',
    now() - interval '1 hour', now() - interval '2 hours'
  from generate_series(1, ${Math.ceil(users / 20)}::bigint) n`;

/** Mails to a tenth of the users that are out; none waits. */
const insertMails = (tx: postgres.TransactionSql, users: number) => tx`
  insert into outbox_messages (id, template, attempts, available_at, expires_at, sent_at,
    created_at)
  select bench.id(bench.session_ms(n), 'm' || n::text), 'login-code', 1, at, at, at, at
  from (select n, now() - interval '1 hour' as at from generate_series(1,
    ${Math.ceil(users / 10)}::bigint) n) a`;

/** One in a hundred is something that an administrator did to the user. */
const insertEvents = (tx: postgres.TransactionSql, users: number) => tx`
  insert into audit_events (id, at, type, outcome, actor_id, subject_id, session_hash, request_id,
    detail)
  select id, bench.at(bench.event_ms(n)),
    (array['session.opened','login.failed','session.opened','email.verified',
      'session.closed','session.opened','otp.sent'])[1 + n % 7],
    'SUCCESS', case when n % 100 = 0 then bench.user_id(1) else subject end, subject, left(id::text,
      16), id::text,
    '{"methods": "pwd", "proved": "PASSWORD"}'
  from (
    select n, bench.event_id(n) as id, bench.user_id(bench.owner(n)) as subject
    from generate_series(1, ${users * eventsPerUser}::bigint) n offset 0) a`;

/** In full for thirty days, then coarse. */
const insertOrigins = (tx: postgres.TransactionSql, users: number) => tx`
  insert into audit_origins (event_id, person_id, account_key, ip_address, user_agent, at,
    shortened_at)
  select bench.event_id(n), bench.user_id(bench.owner(n)), case when is_new and n % 7 = 1
    then sha256(int8send(n)) end,
    case when is_new then '203.0.113.' || n % 256 else '203.0.113.0/24' end,
    case when is_new then 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0'
      else 'Firefox on Linux' end,
    at, case when not is_new then at end
  from (
    select *, at > now() - interval '30 days' as is_new from (
      select n, bench.at(bench.event_ms(n)) as at from generate_series(1,
        ${users * eventsPerUser}::bigint) n offset 0) a offset 0) b`;
