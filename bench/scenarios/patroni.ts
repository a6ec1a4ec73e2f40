import { setTimeout as sleep } from 'node:timers/promises';
import { joinHosts } from '../../src/db/driver/host-urls.ts';
import { migratePostgres } from '../../src/db/migrate.ts';
import { startSmtpStandIn } from '../../src/testing/smtp-stand-in.ts';
import { serverEnvironment, startInstance } from '../shared/instances.ts';
import { type Ledger, startLedger } from '../shared/ledger.ts';
import { checkLedger, type Fault, printRecoveries, recoveries } from '../shared/ledger-check.ts';
import { readOptions, UsageError } from '../shared/options.ts';
import { hasPatroni, type PatroniCluster, startPatroni } from '../shared/patroni.ts';
import { judge, out } from '../shared/report.ts';

/** Milliseconds of load before a fault and after it, and until every operation is back. */
const times = { before: 12_000, after: 12_000, allowed: 5000 };

/** What happens to the cluster; ends when a primary takes writes. */
type Happening = (cluster: PatroniCluster) => Promise<void>;

const happenings: Readonly<Record<string, Happening>> = {
  'leader killed': async (cluster) => {
    const leader = await cluster.primary();
    leader.kill();
    await cluster.primary(leader);
    leader.start();
  },
  'leader cut off': async (cluster) => {
    const leader = await cluster.primary();
    leader.cutOff();
    await cluster.primary(leader);
    setTimeout(() => void leader.heal(), 3000);
  },
  'switched over by plan': async (cluster) => {
    const leader = await cluster.primary();
    await leader.ask('POST', '/switchover', { leader: leader.name });
    await cluster.primary(leader);
  },
  'rolling restart': async (cluster) => {
    const leader = await cluster.primary();
    for (const member of cluster.members)
      if (member !== leader) await member.ask('POST', '/restart', {});
    await cluster.untilWhole();
    await leader.ask('POST', '/switchover', { leader: leader.name });
    await cluster.primary(leader);
    await leader.ask('POST', '/restart', {}).catch(() => null);
  },
};

/**
 * Three members of Patroni with synchronous replication under people who keep a ledger; the servers
 * reach them by HAProxy, or by all hosts in DATABASE_URL. Nothing that was acknowledged may be
 * lost, nobody be signed out, and every operation is back 5 s after the promotion.
 */
export async function run(args: readonly string[]): Promise<void> {
  const options = readOptions(args, {
    times: 1,
    people: 30,
    pause: 1200,
    via: 'both',
    only: '',
  });
  if (!hasPatroni()) throw new UsageError('Install patroni, etcd-server, haproxy and postgresql.');
  if (!['both', 'haproxy', 'hosts'].includes(options.via))
    throw new UsageError('--via takes both, haproxy or hosts');
  const ways = options.via === 'both' ? ['haproxy', 'hosts'] : [options.via];
  for (const via of ways) {
    const stage = await prepare(via, options);
    for (let count = 1; count <= options.times; count += 1) {
      for (const [name, happen] of Object.entries(happenings)) {
        if (!name.includes(options.only)) continue;
        await stage.cluster.untilWhole();
        await endure(stage, { name: `${via}, ${name}, ${count}`, happen });
      }
    }
    await stage.stop();
  }
}

type Stage = Awaited<ReturnType<typeof prepare>>;

type Load = { readonly people: number; readonly pause: number };

async function prepare(via: string, { people, pause }: Load) {
  const cluster = await startPatroni();
  const urlOf = (port: number): string =>
    `postgres://postgres@127.0.0.1:${port}/postgres?sslmode=disable`;
  const hosts = joinHosts(cluster.members.map(({ port }) => urlOf(port)));
  const databaseUrl = via === 'haproxy' ? urlOf(cluster.haproxyPort) : hosts;
  await migratePostgres(hosts);
  const smtp = await startSmtpStandIn({ startTls: false });
  // Longer than a leader that vanished holds its lock.
  const env = {
    ...serverEnvironment({ databaseUrl, smtpPort: smtp.port }),
    REFRESH_GRACE: '40s',
  };
  const instances = [await startInstance(env), await startInstance(env)];
  return {
    cluster,
    smtp,
    people,
    pause,
    urls: instances.map(({ url }) => url),
    stop: async () => {
      for (const instance of instances) await instance.stop();
      await smtp.close();
      await cluster.stop();
    },
  };
}

async function endure(
  stage: Stage,
  { name, happen }: { readonly name: string; readonly happen: Happening },
): Promise<void> {
  const { cluster, smtp, people, pause, urls } = stage;
  const { ledger, stop } = startLedger({
    urls,
    people,
    pause,
    smtp,
    name: name.replaceAll(/[^a-z0-9]+/g, '-'),
  });
  await untilAllHaveBegun(ledger);
  await sleep(times.before);
  const begunAt = performance.now();
  await happen(cluster);
  const fault: Fault = { begunAt, endedAt: performance.now() };
  await sleep(times.after);
  await stop();
  out(`${name}: a primary after ${((fault.endedAt - begunAt) / 1000).toFixed(1)} s`);
  const rows = recoveries(ledger, fault);
  printRecoveries(rows);
  for (const { kind, back } of rows)
    judge(
      `${kind} is back ${Math.round(back)} ms after the promotion or its first try, in 5 s`,
      back < times.allowed,
    );
  const primary = await cluster.primary();
  const databaseUrl = `postgres://postgres@127.0.0.1:${primary.port}/postgres`;
  const lost = await checkLedger(ledger, { urls, databaseUrl });
  for (const each of lost.slice(0, 10)) out(`    ${each}`);
  judge(
    `${lost.length} of ${ledger.accounts.length} accounts lost what was told`,
    lost.length === 0,
  );
}

/** The first hash and the first mail of a server take longer. */
async function untilAllHaveBegun(ledger: Ledger): Promise<void> {
  const isBegun = (): boolean =>
    ledger.operations.some(({ kind, outcome }) => kind === 'signIn' && outcome === 'acknowledged');
  for (let waited = 0; waited < 120_000 && !isBegun(); waited += 100) await sleep(100);
}
