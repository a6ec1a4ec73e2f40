/**
 * The server behind PgBouncer in transaction mode, with docs/operations.md's settings for a version
 * that cannot follow prepared statements (before 1.21): the whole flow under concurrency, and what
 * `me` costs there beside PostgreSQL itself. Needs the program `pgbouncer`. The server has one
 * core, the generator the other; PgBouncer and PostgreSQL have both. Ends with status 1 where an
 * answer is wrong.
 *
 *   npm run bench:pgbouncer [-- ROUNDS=3 [SECONDS=5]]
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import postgresJs from 'postgres';
import { migratePostgres } from '../../src/db/migrate.ts';
import { meQuery, mutate, send } from '../../src/testing/client.ts';
import {
  makeFolder,
  startEmbeddedPostgres,
  unprivilegedAccount,
} from '../../src/testing/embedded-postgres.ts';
import { freePort } from '../../src/testing/free-port.ts';
import { startSmtpStandIn } from '../../src/testing/smtp-stand-in.ts';
import { putDatabase } from '../shared/accounts.ts';
import {
  type Account,
  askMe,
  commonEnvironment,
  password,
  registerAccount,
  startInstance,
} from '../shared/instances.ts';
import { startGenerator } from '../shared/load.ts';
import { pinTo, processorTime } from '../shared/processes.ts';
import { percentile } from '../shared/serve-apart.ts';

const rounds = Number(process.argv[2] ?? 3);
const seconds = Number(process.argv[3] ?? 5);
const people = 24;
const connections = 16;
const program = ['/usr/sbin/pgbouncer', '/usr/bin/pgbouncer'].find(
  (path) => spawnSync(path, ['-V']).status === 0,
);
const out = (line: string): void => void process.stdout.write(`${line}\n`);
if (program === undefined) {
  out('There is no pgbouncer here: install the package `pgbouncer`.');
  process.exit(1);
}

const postgres = await startEmbeddedPostgres({ fsync: 'on', synchronous_commit: 'on' });
const database = await putDatabase(postgres.url, 'latchkey');
await migratePostgres(database);
const sql = postgresJs(database, { max: 1, onnotice: () => {} });
// PgBouncer passes none of the server's own limits on, so the role has them.
await sql`alter role postgres set statement_timeout = '10s'`;
await sql`alter role postgres set lock_timeout = '10s'`;
await sql`alter role postgres set idle_in_transaction_session_timeout = '20s'`;
await sql.end();

// As PostgreSQL, PgBouncer refuses to run as root.
const account = unprivilegedAccount();
const folder = makeFolder(account);
const port = await freePort();
const inside = new URL(database);
const settings = `[databases]
latchkey = host=127.0.0.1 port=${inside.port} dbname=latchkey
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${folder}/users
pool_mode = transaction
max_client_conn = 200
default_pool_size = 20
ignore_startup_parameters = statement_timeout, lock_timeout, idle_in_transaction_session_timeout
`;
for (const [name, text] of [
  ['pgbouncer.ini', settings],
  ['users', `"postgres" "${inside.password}"\n`],
] as const) {
  writeFileSync(join(folder, name), text, { mode: 0o600 });
  if (account.uid !== undefined && account.gid !== undefined)
    chownSync(join(folder, name), account.uid, account.gid);
}
const bouncer: ChildProcess = spawn(program, ['-q', join(folder, 'pgbouncer.ini')], {
  ...account,
  cwd: folder,
  stdio: ['ignore', 'ignore', 'inherit'],
});
const url = new URL(database);
url.port = String(port);
await sleep(500);
const through = postgresJs(url.href, { max: 1, prepare: false, onnotice: () => {} });
const [limits] =
  await through`select current_setting('statement_timeout') as statement, current_setting('lock_timeout') as lock,
  current_setting('idle_in_transaction_session_timeout') as idle`;
await through.end();
out(
  `${spawnSync(program, ['-V'], { encoding: 'utf8' }).stdout.split('\n')[0]}; limits of the role: ${JSON.stringify(limits)}`,
);

const smtp = await startSmtpStandIn({ startTls: false });
const env = {
  ...commonEnvironment({ databaseUrl: database, smtpPort: smtp.port }),
  MIGRATE_ON_START: 'false',
};
const variants = [
  { name: 'direct, prepared', change: {} },
  { name: 'direct, not prepared', change: { DATABASE_PREPARED_STATEMENTS: 'false' } },
  {
    name: 'through PgBouncer',
    change: { DATABASE_URL: url.href, DATABASE_PREPARED_STATEMENTS: 'false' },
  },
];
const instances = [];
for (const { name, change } of variants)
  instances.push({ name, ...(await startInstance({ ...env, ...change }, '0')) });
const bounced = instances.at(-1)?.url ?? '';

// ---- the whole flow, all at once ----

const failures: string[] = [];
const must = (what: string, holds: boolean, answer: unknown): void => {
  if (!holds) failures.push(`${what}: ${JSON.stringify(answer).slice(0, 300)}`);
};
async function wholeFlow(n: number): Promise<Account> {
  const person = await registerAccount(bounced, { email: `person-${n}@example.com`, smtp });
  const login = await mutate(bounced, 'login', { email: person.email, password });
  must('login', login.user?.id === person.id, login);
  const refreshed = await mutate(bounced, 'refreshSession', { refreshToken: login.refreshToken });
  must('refresh', refreshed.__typename === 'AuthTokens', refreshed);
  const me = await send(bounced, meQuery, {}, { token: refreshed.accessToken });
  must('me', me.data?.me?.id === person.id, me);
  const left = await mutate(bounced, 'logout', {}, { token: refreshed.accessToken });
  must('logout', left.accepted === true, left);
  const after = await send(bounced, meQuery, {}, { token: refreshed.accessToken });
  must('me after logout', after.status === 401, after);
  return person;
}
const begun = performance.now();
const persons = await Promise.all(Array.from({ length: people }, (_, n) => wholeFlow(n)));
out(
  `${people} people at once through register, verifyOtp, login, refresh, me, logout in ${((performance.now() - begun) / 1000).toFixed(1)} s; failures: ${failures.length}`,
);

// ---- me ----

const generator = await startGenerator(pinTo('1'));
const results = new Map(
  variants.map(({ name }) => [
    name,
    { rate: [] as number[], p50: [] as number[], bouncer: [] as number[] },
  ]),
);
for (let round = 0; round < rounds; round += 1) {
  for (const instance of instances) {
    let before = 0;
    const measured = generator.run({
      port: instance.port,
      connections,
      seconds,
      warmUpSeconds: 2,
      requests: persons.map(({ accessToken }) => askMe(accessToken)),
      expected: persons.map(({ id }) => id),
    });
    await sleep(2000);
    before = processorTime(bouncer.pid ?? 0);
    const result = await measured;
    failures.push(...result.wrong);
    const held = results.get(instance.name);
    held?.rate.push(result.count / result.seconds);
    held?.p50.push(result.p50);
    held?.bouncer.push((processorTime(bouncer.pid ?? 0) - before) / result.seconds);
  }
}
for (const [name, { rate, p50, bouncer: share }] of results) {
  out(
    `me, ${name.padEnd(22)} ${percentile(rate, 0.5).toFixed(0)}/s, p50 ${percentile(p50, 0.5).toFixed(1)} ms, PgBouncer took ${(percentile(share, 0.5) * 100).toFixed(0)} % of a core`,
  );
}
for (const failure of failures.slice(0, 5)) out(failure);
await generator.stop();
for (const instance of instances) await instance.stop();
const exited = once(bouncer, 'exit');
bouncer.kill('SIGINT');
await exited;
rmSync(folder, { recursive: true, force: true });
await smtp.close();
await postgres.stop();
process.exitCode = failures.length === 0 ? 0 : 1;
