import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import { systemClock } from '../../src/clock.ts';
import { type Database, openPostgres } from '../../src/db/driver/client.ts';
import { type PurgeKind, purgeExpired } from '../../src/domain/retention/purge-expired.ts';
import { createLog } from '../../src/observability/log.ts';
import { mutate } from '../../src/testing/client.ts';
import { password } from '../shared/accounts.ts';
import { type BenchServer, startBenchServer } from '../shared/bench-server.ts';
import { spread, sum } from '../shared/numbers.ts';
import { readOptions } from '../shared/options.ts';
import { judge, out } from '../shared/report.ts';

const people = Array.from({ length: 200 }, (_, index) => `person-${index}@example.com`);
const purger = 'latchkey-purge';

/**
 * How long the statements of a purge take, and whether sign-ins wait for them. Fills a PostgreSQL
 * with expired rows of every kind among living ones, then purges while people sign in.
 */
export async function run(args: readonly string[]): Promise<void> {
  const { rows } = readOptions(args, { rows: 1_000_000 });
  const server = await startBenchServer({ bcryptCost: 4 });
  const sql = postgres(server.databaseUrl, { max: 2, onnotice: () => {} });
  out(`filling with ${rows} expired rows`);
  for (const email of people) await server.putAccount({ email, kind: 'known' });
  await fill(sql, rows);
  const begun = performance.now();
  const before = await signIns(server, () => performance.now() - begun > 5000);
  out(`sign-ins before:      ${spread(before)}`);
  await sql`create extension pg_stat_statements`;
  await sql`select pg_stat_statements_reset()`;
  const database = openPostgres({
    url: server.databaseUrl,
    maxConnections: 1,
    applicationName: purger,
    statementTimeoutMs: 10_000,
  });
  await purgeBesideSignIns({ server, sql, database });
  await judgeStatements(sql);
  const log = createLog(server.config);
  const app = { config: server.config, db: database.db, clock: systemClock, log };
  out(`left over:            ${JSON.stringify(await purgeExpired(app))}`);
  await database.close();
  await sql.end();
  await server.stop();
}

async function fill(sql: postgres.Sql, rows: number): Promise<void> {
  const share = (part: number): number => Math.round(rows * part);
  const old = sql`now() - interval '60 days' - random() * interval '60 days'`;
  const id = sql`gen_random_uuid()`;
  const bytes = sql`decode(md5(random()::text || n), 'hex')`;
  // Accounts in force, among which the unverified ones have to be found.
  await sql`insert into users (id, email, email_canonical, email_verified_at, roles, created_at)
    select ${id}, 'u' || n || '@example.org', 'u' || n || '@example.org', now(), '{}', ${old}
      from generate_series(1, ${share(0.2)}) n`;
  await sql`insert into users (id, email, email_canonical, roles, created_at)
    select ${id}, 'x' || n || '@example.org', 'x' || n || '@example.org', '{}', ${old}
      from generate_series(1, ${share(0.1)}) n`;
  await sql`create temporary table owners as select id, row_number() over () as n from users
    where email_verified_at is not null`;
  await sql`insert into otp_challenges (id, handle_hash, user_id, purpose, methods, email,
    code_hash, account_key, expires_at, created_at)
    select ${id}, ${bytes}, u.id, 'VERIFY_EMAIL', '{EMAIL}', u.email, ${bytes}, ${bytes}, ${old},
      ${old}
    from (select id, email, row_number() over () as n from users
      where email_verified_at is null) u`;
  await sql`insert into otp_challenges (id, handle_hash, purpose, methods, account_key, expires_at,
    created_at)
    select ${id}, ${bytes}, 'LOGIN', '{EMAIL}', ${bytes}, ${old}, ${old} from generate_series(1,
      ${share(0.2)}) n`;
  await sql`insert into account_tokens (id, token_hash, purpose, created_at, expires_at)
    select ${id}, ${bytes}, 'RESET_PASSWORD', ${old}, ${old} from generate_series(1,
      ${share(0.1)}) n`;
  await sql`insert into sessions (id, user_id, refresh_hash, created_at, last_used_at,
    idle_expires_at, absolute_expires_at, authenticated_at, methods, proved_methods)
    select ${id}, o.id, ${bytes}, ${old}, ${old}, ${old}, ${old}, now(), '{pwd}', '{PASSWORD}'
    from generate_series(1, ${share(0.2)}) n join owners o using (n)`;
  await sql`insert into outbox_messages (id, template, available_at, expires_at, sent_at,
    created_at)
    select ${id}, 'login-code', ${old}, ${old}, now(), ${old} from generate_series(1,
      ${share(0.1)}) n`;
  await sql`insert into rate_limits (key, count, window_ends_at)
    select ${bytes}, 1, ${old} from generate_series(1, ${share(0.1)}) n`;
  await sql`insert into audit_origins (event_id, ip_address, user_agent, at)
    select ${id}, '203.0.113.' || (n % 256),
      'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0', ${old}
    from generate_series(1, ${share(0.1)}) n`;
  await sql`analyze`;
}

/** Signs in again and again; milliseconds of each. */
async function signIns(server: BenchServer, until: () => boolean): Promise<number[]> {
  const times: number[] = [];
  for (let index = 0; !until(); index += 1) {
    const begun = performance.now();
    const email = people[index % people.length];
    const answer = await mutate(server.url, 'login', { email, password });
    if (answer.__typename !== 'AuthTokens') throw new Error(JSON.stringify(answer));
    times.push(performance.now() - begun);
    await sleep(5);
  }
  return times;
}

/** Looks every few milliseconds whether any backend waits for a lock that the purge holds. */
async function waitsForPurge(sql: postgres.Sql, until: () => boolean): Promise<number> {
  let waits = 0;
  while (!until()) {
    const found = await sql`
      select waiting.pid from pg_stat_activity waiting,
        unnest(pg_blocking_pids(waiting.pid)) as blocker
      join pg_stat_activity purge on purge.pid = blocker and purge.application_name = ${purger}`;
    waits += found.length;
    await sleep(2);
  }
  return waits;
}

async function purgeBesideSignIns(input: {
  server: BenchServer;
  sql: postgres.Sql;
  database: Database;
}): Promise<void> {
  const { server, sql, database } = input;
  const batches = new Map<PurgeKind, number[]>();
  let done = false;
  let begun = performance.now();
  const started = performance.now();
  const log = createLog(server.config);
  const purging = purgeExpired(
    { config: server.config, db: database.db, clock: systemClock, log },
    {
      onStatement: () => {
        begun = performance.now();
      },
      onBatch: (kind) =>
        batches.set(kind, [...(batches.get(kind) ?? []), performance.now() - begun]),
    },
  ).finally(() => {
    done = true;
  });
  const [counts, during, waits] = await Promise.all([
    purging,
    signIns(server, () => done),
    waitsForPurge(sql, () => done),
  ]);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  out(`purged ${sum(Object.values(counts))} rows in ${seconds} s; the server's worker the rest`);
  out(`  ${JSON.stringify(counts)}`);
  for (const [kind, times] of batches) out(`  ${kind.padEnd(20)} ${spread(times)}`);
  out(`sign-ins meanwhile:   ${spread(during)}`);
  judge(`${waits} statements were seen to wait for its locks, none may`, waits === 0);
}

/**
 * What the database itself took, without the wait for this process, which has the sign-ins to do as
 * well.
 */
async function judgeStatements(sql: postgres.Sql): Promise<void> {
  const statements = await sql<{ calls: number; mean: number; most: number; text: string }[]>`
    select calls::int, mean_exec_time as mean, max_exec_time as most, regexp_replace(query, '\\s+',
      ' ', 'g') as text
    from pg_stat_statements
    where query ~* 'skip locked|jsonb_array_elements' order by max_exec_time desc`;
  out('statements, as PostgreSQL counts them:');
  for (const { calls, mean, most, text } of statements) {
    const [, table = '?'] = /(?:delete from|update|from) "(\w+)"/.exec(text) ?? [];
    out(`  ${table.padEnd(20)} mean ${mean.toFixed(1)}, most ${most.toFixed(1)} ms (${calls})`);
  }
  const longest = Math.max(...statements.map(({ most }) => most));
  judge(`the longest statement takes ${longest.toFixed(1)} ms, at most 100`, longest <= 100);
}
