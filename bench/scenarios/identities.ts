import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import openSql from 'postgres';
import { mutate } from '../../src/testing/client.ts';
import { createRunningClock } from '../../src/testing/clock.ts';
import { returnTo, signInByProvider, type Visited } from '../../src/testing/identities.ts';
import {
  startIdentityProvider,
  type TestIdentityProvider,
} from '../../src/testing/identity-provider.ts';
import { makeDatabase, startDurablePostgres } from '../shared/databases.ts';
import { serverEnvironment, startBuilt } from '../shared/instances.ts';
import { median, sum } from '../shared/numbers.ts';
import { readOptions } from '../shared/options.ts';
import { bothCores, memory, processorTime } from '../shared/processes.ts';
import { judge, out } from '../shared/report.ts';

type Environment = Readonly<Record<string, string>>;
type Kind = { readonly env: Environment; readonly root?: string };
type Start = { readonly ready: number; readonly processor: number; readonly rss: number };

/** Before the memory is read: the thread that reads the word lists has ended by then. */
const settled = 1500;
const builtOn = { cores: bothCores, nodeFlags: ['--max-semi-space-size=16'] };

/**
 * What signing in by other providers costs (B10): starts without any, with one and, given the
 * folder of an older build, before there were any; then whole sign-ins by a double that runs in
 * this process, so that its time is not counted.
 */
export async function run(args: readonly string[]): Promise<void> {
  const { rounds, count, before } = readOptions(args, { rounds: 15, count: 150, before: '' });
  const postgres = await startDurablePostgres({ shared_preload_libraries: 'pg_stat_statements' });
  const databaseUrl = await makeDatabase(postgres.url, 'bench');
  const provider = await startIdentityProvider({ id: 'acme' });
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'));
  const plain = { ...serverEnvironment({ databaseUrl, smtpPort: 9 }), SESSION_LIMIT: '500' };
  const kinds = new Map<string, Kind>([
    ['off', { env: plain }],
    ['on', { env: { ...plain, ...withProvider(folder, provider, 'https') } }],
  ]);
  if (before !== '') kinds.set('before', { env: plain, root: before });
  await compareStarts(rounds, kinds);
  const env = { ...plain, ...withProvider(folder, provider, 'http') };
  await measureFlow({ count, provider, databaseUrl, env });
  rmSync(folder, { recursive: true });
  await provider.stop();
  await postgres.stop();
}

/** A production server takes https alone, and at its start asks no provider. */
function withProvider(
  folder: string,
  provider: TestIdentityProvider,
  protocol: 'https' | 'http',
): Environment {
  const { issuer, clientId, clientSecret } = provider.entry();
  if (clientSecret?.kind !== 'text') throw new Error('The double has no secret.');
  writeFileSync(join(folder, 'secret'), clientSecret.value);
  const at = protocol === 'http' ? issuer : 'https://id.acme.example';
  const acme = { id: 'acme', name: 'Acme', issuer: at, clientId, clientSecretFile: 'secret' };
  const file = join(folder, `${protocol}.json`);
  writeFileSync(file, JSON.stringify([{ ...acme, trustEmail: true }]));
  return {
    IDENTITY_PROVIDERS_FILE: file,
    IDENTITY_RETURN_URLS: returnTo,
    ...(protocol === 'http' ? { IDENTITY_ALLOW_PRIVATE: 'true' } : {}),
  };
}

async function compareStarts(rounds: number, kinds: ReadonlyMap<string, Kind>): Promise<void> {
  const found = [...kinds].map(([name, kind]) => ({ name, kind, starts: [] as Start[] }));
  // In turns, and in the other order each time: what else the machine does is no one's alone.
  for (let round = 0; round < rounds; round += 1)
    for (const { kind, starts } of round % 2 ? found.toReversed() : found)
      starts.push(await startOnce(kind));
  const all = (name: string, what: keyof Start): number[] =>
    found.find((each) => each.name === name)?.starts.map((each) => each[what]) ?? [];
  const shown = (values: number[]): string =>
    `${median(values).toFixed(2)} (least ${Math.min(...values).toFixed(2)})`;
  for (const { name } of found) {
    const [ready, processor] = [shown(all(name, 'ready')), shown(all(name, 'processor'))];
    out(`  ${name}: ready ${ready} s, processor ${processor} s, MB ${shown(all(name, 'rss'))}`);
  }
  const more = (what: keyof Start): number => median(all('on', what)) - median(all('off', what));
  const [ready, rss] = [more('ready'), more('rss')];
  judge(`B10 ready with a provider: ${ready.toFixed(2)} s more, at most 0.4`, ready <= 0.4);
  judge(`B10 memory with a provider: ${rss.toFixed(1)} MB more, at most 20`, rss <= 20);
}

async function startOnce(kind: Kind): Promise<Start> {
  const server = await startBuilt({ ...builtOn, ...kind });
  const processor = processorTime(server.pid);
  await sleep(settled);
  const rss = memory(server.pid).now;
  await server.stop();
  return { ready: server.readyAfter / 1000, processor, rss };
}

/** The development server of the same build, since production dials no provider on loopback. */
async function measureFlow(options: {
  readonly count: number;
  readonly provider: TestIdentityProvider;
  readonly databaseUrl: string;
  readonly env: Environment;
}): Promise<void> {
  const { count, provider, env } = options;
  const { url, pid, stop } = await startBuilt({ ...builtOn, env, command: 'dev' });
  const clock = createRunningClock();
  const visited: Visited = { url, clock, mutate: (...of) => mutate(url, ...of) };
  const signIn = async (): Promise<void> => {
    const answer = await signInByProvider(visited, provider, { providerId: 'acme' });
    if (answer.__typename !== 'AuthTokens') throw new Error(JSON.stringify(answer));
  };
  // What answers of any kind take once is not the libraries'.
  for (let n = 0; n < 100; n += 1) await mutate(url, 'requestPasskeyLogin', {});
  await sleep(settled);
  const without = memory(pid).now;
  await signIn();
  const first = memory(pid).now - without;
  for (let n = 0; n < count; n += 1) await signIn();
  const sql = openSql(options.databaseUrl, { max: 1, onnotice: () => {} });
  await sql`create extension pg_stat_statements`;
  await sql`select pg_stat_statements_reset()`;
  const began = processorTime(pid);
  for (let n = 0; n < count; n += 1) await signIn();
  const each = ((processorTime(pid) - began) * 1000) / count;
  const statements = await statementsEach(sql, count);
  await sql.end();
  const rest = memory(pid).now - without - first;
  await stop();
  out(`  memory ${without.toFixed(1)} MB, ${rest.toFixed(1)} more after ${2 * count} sign-ins`);
  judge(`B10 memory of the first sign-in: ${first.toFixed(1)} MB more, at most 20`, first <= 20);
  judge(`B10 processor time of a sign-in: ${each.toFixed(1)} ms, at most 40`, each <= 40);
  judge(`B10 statements of a sign-in: ${statements}, at most 14`, statements <= 14);
}

/** Those that come with every sign-in: what the server does meanwhile comes more rarely. */
async function statementsEach(sql: openSql.Sql, count: number): Promise<number> {
  const counted = await sql<{ calls: number; text: string }[]>`
    select calls::int, left(regexp_replace(query, '\\s+', ' ', 'g'), 90) as text
    from pg_stat_statements where dbid = (select oid from pg_database
      where datname = current_database()) order by calls desc`;
  const often = counted.map((each) => ({ ...each, times: Math.round(each.calls / count) }));
  for (const { times, text } of often) if (times > 0) out(`    ${times}  ${text}`);
  const isStatement = (text: string): boolean => !/^(begin|commit)/i.test(text);
  return sum(often.map(({ times, text }) => (isStatement(text) ? times : 0)));
}
