import postgresJs from 'postgres';
import { meQuery, mutate, send } from '../../src/testing/client.ts';
import { type SmtpStandIn, startSmtpStandIn } from '../../src/testing/smtp-stand-in.ts';
import { password } from '../shared/accounts.ts';
import { type Bouncer, findBouncer, startBouncer } from '../shared/bouncer.ts';
import { makeDatabase, startDurablePostgres } from '../shared/databases.ts';
import {
  type Instance,
  type Registered,
  registerAccount,
  serverEnvironment,
  startInstance,
} from '../shared/instances.ts';
import { startGenerator } from '../shared/load.ts';
import { median } from '../shared/numbers.ts';
import { readOptions, UsageError } from '../shared/options.ts';
import { otherCore, processorTime, serverCore } from '../shared/processes.ts';
import { judge, out } from '../shared/report.ts';
import { meRequest } from '../shared/requests.ts';

const people = 24;
const connections = 16;

type Variant = Instance & { readonly name: string };

/**
 * The server behind PgBouncer in transaction mode, with docs/operations.md's settings for a version
 * that cannot follow prepared statements (before 1.21): the whole flow under concurrency, and what
 * `me` costs there beside PostgreSQL itself. Needs the program `pgbouncer`.
 */
export async function run(args: readonly string[]): Promise<void> {
  const { rounds, seconds } = readOptions(args, { rounds: 3, seconds: 5 });
  const program = findBouncer();
  if (program === null) throw new UsageError('Install the package pgbouncer.');
  const postgres = await startDurablePostgres();
  const direct = await makeDatabase(postgres.url, 'latchkey');
  await limitRole(direct);
  const bouncer = await startBouncer(program, direct);
  await printLimits(bouncer.url);
  const smtp = await startSmtpStandIn({ startTls: false });
  const env = serverEnvironment({ databaseUrl: direct, smtpPort: smtp.port });
  const unprepared = { ...env, DATABASE_URL: `${direct}?prepare=false` };
  const variants: Variant[] = [];
  for (const [name, variant] of [
    ['direct, prepared', env],
    ['direct, not prepared', unprepared],
    ['through PgBouncer', { ...env, DATABASE_URL: `${bouncer.url}?prepare=false` }],
  ] as const) {
    variants.push({ name, ...(await startInstance(variant, serverCore)) });
  }
  const persons = await tryFlow(variants.at(-1)?.url ?? '', smtp);
  await measureMe({ variants, persons, bouncer, rounds, seconds });
  for (const variant of variants) await variant.stop();
  await bouncer.stop();
  await smtp.close();
  await postgres.stop();
}

/** PgBouncer does not pass the server's own timeouts on, so the role has them. */
async function limitRole(url: string): Promise<void> {
  const sql = postgresJs(url, { max: 1, onnotice: () => {} });
  await sql`alter role postgres set statement_timeout = '10s'`;
  await sql`alter role postgres set lock_timeout = '10s'`;
  await sql`alter role postgres set idle_in_transaction_session_timeout = '20s'`;
  await sql.end();
}

async function printLimits(url: string): Promise<void> {
  const sql = postgresJs(url, { max: 1, prepare: false, onnotice: () => {} });
  const [limits] = await sql`select current_setting('statement_timeout') as statement,
    current_setting('lock_timeout') as lock,
    current_setting('idle_in_transaction_session_timeout') as idle`;
  await sql.end();
  out(`limits of the role behind PgBouncer: ${JSON.stringify(limits)}`);
}

/** Many people at once, each through the whole flow. */
async function tryFlow(url: string, smtp: SmtpStandIn): Promise<Registered[]> {
  const failures: string[] = [];
  const expect = (what: string, holds: boolean, answer: unknown): void => {
    if (!holds) failures.push(`${what}: ${JSON.stringify(answer).slice(0, 300)}`);
  };
  const flow = async (n: number): Promise<Registered> => {
    const person = await registerAccount(url, { email: `person-${n}@example.com`, smtp });
    const login = await mutate(url, 'login', { email: person.email, password });
    expect('login', login.user?.id === person.id, login);
    const refreshed = await mutate(url, 'refreshSession', { refreshToken: login.refreshToken });
    expect('refresh', refreshed.__typename === 'AuthTokens', refreshed);
    const token = refreshed.accessToken;
    const me = await send(url, meQuery, {}, { token });
    expect('me', me.data?.me?.id === person.id, me);
    const left = await mutate(url, 'logout', {}, { token });
    expect('logout', left.accepted === true, left);
    const after = await send(url, meQuery, {}, { token });
    expect('me after logout', after.status === 401, after);
    return person;
  };
  const begun = performance.now();
  const persons = await Promise.all(Array.from({ length: people }, (_, n) => flow(n)));
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  for (const failure of failures.slice(0, 5)) out(`  ${failure}`);
  out(`${people} people at once through the whole flow took ${seconds} s`);
  judge(`${failures.length} steps failed, none may`, failures.length === 0);
  return persons;
}

async function measureMe(input: {
  variants: readonly Variant[];
  persons: readonly Registered[];
  bouncer: Bouncer;
  rounds: number;
  seconds: number;
}): Promise<void> {
  const { variants, persons, bouncer, seconds } = input;
  const generator = await startGenerator(otherCore);
  const results = variants.map(({ name, port }) => ({
    name,
    load: {
      port,
      connections,
      seconds,
      requests: persons.map(({ accessToken }) => meRequest(accessToken)),
      expected: persons.map(({ id }) => id),
    },
    rates: [] as number[],
    p50s: [] as number[],
    shares: [] as number[],
  }));
  let wrong = 0;
  for (let round = 0; round < input.rounds; round += 1) {
    for (const { load, rates, p50s, shares } of results) {
      await generator.run({ ...load, seconds: 2 });
      const before = processorTime(bouncer.pid);
      const result = await generator.run(load);
      wrong += result.wrongCount;
      rates.push(result.count / seconds);
      p50s.push(result.p50);
      shares.push((processorTime(bouncer.pid) - before) / seconds);
    }
  }
  for (const { name, rates, p50s, shares } of results) {
    const share = (median(shares) * 100).toFixed(0);
    const [rate, p50] = [median(rates).toFixed(0), median(p50s).toFixed(1)];
    out(`me, ${name.padEnd(22)} ${rate}/s, p50 ${p50} ms, PgBouncer took ${share} % of a core`);
  }
  judge(`${wrong} answers to me are wrong`, wrong === 0);
  await generator.stop();
}
