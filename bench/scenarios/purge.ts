import postgres from 'postgres';
import { systemClock } from '../../src/clock.ts';
import { openPostgres } from '../../src/db/driver/client.ts';
import { type PurgeKind, purgeExpired } from '../../src/domain/retention/purge-expired.ts';
import { createLog } from '../../src/observability/log.ts';
import { startBenchServer } from '../shared/bench-server.ts';

// How long the statements of a purge take, and whether sign-ins wait for them (DP-6): npx tsx
// bench/purge.ts [ROWS=1000000] Fills an embedded PostgreSQL with expired rows of every kind among
// living ones, then purges while people sign in.
const rows = Number(process.argv[2] ?? 1_000_000);
const password = 'otter lantern gravel sunday';
const people = 200;

const server = await startBenchServer({ bcryptCost: 4 });
const sql = postgres(server.databaseUrl, { max: 2, onnotice: () => {} });
const share = (part: number): number => Math.round(rows * part);
const old = sql`now() - interval '60 days' - random() * interval '60 days'`;
const id = sql`gen_random_uuid()`;
const bytes = sql`decode(md5(random()::text || n), 'hex')`;

const write = (text: string): void => void process.stdout.write(`${text}\n`);
write(`filling with ${rows} expired rows`);
const emails = Array.from({ length: people }, (_, index) => `person-${index}@example.com`);
for (const email of emails) await server.putAccount({ email, kind: 'known', password });
// Accounts in force, among which the unverified ones have to be found.
await sql`insert into users (id, email, email_canonical, email_verified_at, roles, created_at)
  select ${id}, 'u' || n || '@example.org', 'u' || n || '@example.org', now(), '{}', ${old} from generate_series(1, ${share(0.2)}) n`;
await sql`insert into users (id, email, email_canonical, roles, created_at)
  select ${id}, 'x' || n || '@example.org', 'x' || n || '@example.org', '{}', ${old} from generate_series(1, ${share(0.1)}) n`;
await sql`create temporary table owners as select id, row_number() over () as n from users where email_verified_at is not null`;
await sql`insert into otp_challenges (id, handle_hash, user_id, purpose, methods, email, code_hash, account_key, expires_at, created_at)
  select ${id}, ${bytes}, u.id, 'VERIFY_EMAIL', '{EMAIL}', u.email, ${bytes}, ${bytes}, ${old}, ${old}
  from (select id, email, row_number() over () as n from users where email_verified_at is null) u`;
await sql`insert into otp_challenges (id, handle_hash, purpose, methods, account_key, expires_at, created_at)
  select ${id}, ${bytes}, 'LOGIN', '{EMAIL}', ${bytes}, ${old}, ${old} from generate_series(1, ${share(0.2)}) n`;
await sql`insert into account_tokens (id, token_hash, purpose, created_at, expires_at)
  select ${id}, ${bytes}, 'RESET_PASSWORD', ${old}, ${old} from generate_series(1, ${share(0.1)}) n`;
await sql`insert into sessions (id, user_id, refresh_hash, created_at, last_used_at, idle_expires_at, absolute_expires_at, authenticated_at, methods, proved_methods)
  select ${id}, o.id, ${bytes}, ${old}, ${old}, ${old}, ${old}, now(), '{pwd}', '{PASSWORD}'
  from generate_series(1, ${share(0.2)}) n join owners o using (n)`;
await sql`insert into outbox_messages (id, template, available_at, expires_at, sent_at, created_at)
  select ${id}, 'login-code', ${old}, ${old}, now(), ${old} from generate_series(1, ${share(0.1)}) n`;
await sql`insert into rate_limits (key, count, window_ends_at)
  select ${bytes}, 1, ${old} from generate_series(1, ${share(0.1)}) n`;
await sql`insert into audit_origins (event_id, ip_address, user_agent, at)
  select ${id}, '203.0.113.' || (n % 256), 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0', ${old}
  from generate_series(1, ${share(0.1)}) n`;
await sql`analyze`;

const percentile = (values: readonly number[], part: number): number =>
  [...values].sort((a, b) => a - b)[
    Math.min(values.length - 1, Math.floor(values.length * part))
  ] ?? 0;
const summary = (values: readonly number[]): string =>
  `median ${percentile(values, 0.5).toFixed(1)}, p99 ${percentile(values, 0.99).toFixed(1)}, most ${Math.max(...values).toFixed(1)} ms (${values.length})`;

/** Signs in again and again, and notes how long it took. */
async function signIns(until: () => boolean): Promise<number[]> {
  const times: number[] = [];
  for (let index = 0; !until(); index += 1) {
    const begin = performance.now();
    const response = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        query: 'mutation M($input: LoginInput!) { login(input: $input) { __typename } }',
        variables: { input: { email: emails[index % people], password } },
      }),
    });
    const text = await response.text();
    if (!text.includes('AuthTokens')) throw new Error(text);
    times.push(performance.now() - begin);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return times;
}

/**
 * Looks every few milliseconds whether any backend but the purge's waits for a lock that the purge
 * holds.
 */
async function waitsForPurge(until: () => boolean): Promise<number> {
  let waits = 0;
  while (!until()) {
    const found = await sql`
      select waiting.pid from pg_stat_activity waiting, unnest(pg_blocking_pids(waiting.pid)) as blocker
      join pg_stat_activity purge on purge.pid = blocker and purge.application_name = 'latchkey-purge'`;
    waits += found.length;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  return waits;
}

let calm = true;
setTimeout(() => {
  calm = false;
}, 5000);
const before = await signIns(() => !calm);
write(`sign-ins before:      ${summary(before)}`);

await sql`create extension pg_stat_statements`;
await sql`select pg_stat_statements_reset()`;
const purger = openPostgres({
  url: server.databaseUrl,
  maxConnections: 1,
  applicationName: 'latchkey-purge',
  statementTimeoutMs: 10_000,
});
const batches = new Map<PurgeKind, number[]>();
let done = false;
let begin = performance.now();
const started = performance.now();
const purging = purgeExpired(
  { config: server.config, db: purger.db, clock: systemClock, log: createLog(server.config) },
  {
    onStatement: () => {
      begin = performance.now();
    },
    onBatch: (kind) => batches.set(kind, [...(batches.get(kind) ?? []), performance.now() - begin]),
  },
).finally(() => {
  done = true;
});
const [counts, during, waits] = await Promise.all([
  purging,
  signIns(() => done),
  waitsForPurge(() => done),
]);
const seconds = (performance.now() - started) / 1000;
const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
write(
  `purged ${total} rows (the server's own worker has dealt with the rest) in ${seconds.toFixed(1)} s: ${JSON.stringify(counts)}`,
);
for (const [kind, times] of batches) write(`  ${kind.padEnd(20)} ${summary(times)}`);
// What the database itself took, without the wait for this process, which has the sign-ins to do as
// well.
const statements = await sql<{ calls: number; mean: number; most: number; text: string }[]>`
  select calls::int, mean_exec_time as mean, max_exec_time as most, regexp_replace(query, '\\s+', ' ', 'g') as text
  from pg_stat_statements
  where query ~* 'skip locked|jsonb_array_elements' order by max_exec_time desc`;
write('statements, as PostgreSQL counts them:');
for (const { calls, mean, most, text } of statements) {
  const [, table = '?'] = /(?:delete from|update|from) "(\w+)"/.exec(text) ?? [];
  write(`  ${table.padEnd(20)} mean ${mean.toFixed(1)}, most ${most.toFixed(1)} ms (${calls})`);
}
const longest = Math.max(...statements.map(({ most }) => most));
write(`longest statement:    ${longest.toFixed(1)} ms`);
write(`sign-ins meanwhile:   ${summary(during)}`);
write(`waits for its locks:  ${waits} seen`);
const left = await purgeExpired({
  config: server.config,
  db: purger.db,
  clock: systemClock,
  log: createLog(server.config),
});
write(`left over:            ${JSON.stringify(left)}`);
if (longest > 100 || waits > 0) process.exitCode = 1;
await purger.close();
await sql.end();
await server.stop();
