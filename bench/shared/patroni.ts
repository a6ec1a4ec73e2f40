import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeFolder, unprivilegedAccount } from '../../src/testing/embedded-postgres.ts';
import { freePort } from '../../src/testing/free-port.ts';
import { startTcpGate, type TcpGate } from '../../src/testing/tcp-gate.ts';
import { endWithThisProcess } from './processes.ts';

/** A member of the cluster. What reaches it from outside, and it of etcd, passes its gates. */
export type Member = {
  readonly name: string;
  /** As clients, the other members and HAProxy reach its PostgreSQL. */
  readonly port: number;
  readonly isPrimary: () => Promise<boolean>;
  /** Kills Patroni and PostgreSQL at once. */
  kill(): void;
  start(): void;
  /** Drops all that goes in and out, without closing anything. */
  cutOff(): void;
  heal(): Promise<void>;
  /** Asks Patroni's own REST interface. */
  ask(method: 'GET' | 'POST', path: string, body?: object): Promise<Response>;
};

export type PatroniCluster = {
  readonly members: readonly Member[];
  readonly haproxyPort: number;
  /** The member that takes writes; waits for one, other than `except`. */
  primary(except?: Member): Promise<Member>;
  /** Waits until every member streams from the primary. */
  untilWhole(): Promise<void>;
  stop(): Promise<void>;
};

const memberCount = 3;
const host = '127.0.0.1';
/** Seconds: how long a leader that vanished holds its lock, and how often Patroni looks. */
const timing = { ttl: 20, loop_wait: 2, retry_timeout: 5 };

/** Whether Debian's packages are there: patroni, etcd-server, haproxy, postgresql. */
export function hasPatroni(): boolean {
  const programs = ['patroni', 'etcd', 'haproxy'];
  return (
    binaries() !== undefined &&
    programs.every((program) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0)
  );
}

function binaries(): string | undefined {
  const root = '/usr/lib/postgresql';
  return (existsSync(root) ? readdirSync(root) : [])
    .map((version) => `${root}/${version}/bin`)
    .find((folder) => existsSync(join(folder, 'initdb')));
}

/** Three members, etcd, and HAProxy before them, all on loopback. */
export async function startPatroni(): Promise<PatroniCluster> {
  const account = unprivilegedAccount();
  const folder = makeFolder(account);
  const children: ChildProcess[] = [];
  const launch = (program: string, args: readonly string[]): ChildProcess => {
    const env = { PATH: '/usr/bin:/bin:/usr/sbin', LC_ALL: 'C.UTF-8', HOME: folder };
    const child = spawn(program, args, { ...account, cwd: folder, env, stdio: 'ignore' });
    endWithThisProcess(child);
    children.push(child);
    return child;
  };
  const etcdPort = await startEtcd(folder, launch);
  const members: (Member & { readonly restPort: number; close(): Promise<void> })[] = [];
  for (let n = 1; n <= memberCount; n += 1)
    members.push(await makeMember({ name: `member${n}`, folder, etcdPort, launch }));
  const haproxyPort = await freePort();
  const file = join(folder, 'haproxy.cfg');
  writeFileSync(file, haproxyConfiguration(haproxyPort, members));
  for (const member of members) member.start();
  launch('haproxy', ['-f', file, '-db']);
  const cluster = { members, haproxyPort, ...watch(members) };
  await cluster.primary();
  await cluster.untilWhole();
  return {
    ...cluster,
    stop: async () => {
      for (const member of members) member.kill();
      for (const child of children) child.kill('SIGKILL');
      for (const member of members) await member.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

type Launch = (program: string, args: readonly string[]) => ChildProcess;

async function startEtcd(folder: string, launch: Launch): Promise<number> {
  const [client, peer] = [await freePort(), await freePort()];
  launch('etcd', [
    '--name=etcd1',
    `--data-dir=${join(folder, 'etcd')}`,
    `--listen-client-urls=http://${host}:${client}`,
    `--advertise-client-urls=http://${host}:${client}`,
    `--listen-peer-urls=http://${host}:${peer}`,
    `--initial-advertise-peer-urls=http://${host}:${peer}`,
    `--initial-cluster=etcd1=http://${host}:${peer}`,
  ]);
  return client;
}

async function makeMember(input: {
  readonly name: string;
  readonly folder: string;
  readonly etcdPort: number;
  readonly launch: Launch;
}) {
  const { name, folder, etcdPort, launch } = input;
  const [postgresPort, restPort] = [await freePort(), await freePort()];
  const gate = (port: number): Promise<TcpGate> => startTcpGate({ host, port });
  const [postgres, rest, etcd] = [
    await gate(postgresPort),
    await gate(restPort),
    await gate(etcdPort),
  ];
  const gates = [postgres, rest, etcd];
  const data = join(folder, name);
  const file = join(folder, `${name}.json`);
  const ports = { postgresPort, restPort, outside: postgres.port, rest: rest.port };
  // Patroni reads YAML, of which JSON is a part.
  writeFileSync(file, JSON.stringify(configuration({ name, data, etcd: etcd.port, ...ports })));
  let patroni: ChildProcess | undefined;
  const ask: Member['ask'] = (method, path, body) =>
    fetch(`http://${host}:${restPort}${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(60_000),
    });
  return {
    name,
    port: postgres.port,
    restPort: rest.port,
    isPrimary: async () => {
      const answer = await ask('GET', '/primary').catch(() => null);
      return answer?.status === 200;
    },
    kill: () => {
      patroni?.kill('SIGKILL');
      killPostmaster(data);
    },
    start: () => {
      patroni = launch('patroni', [file]);
    },
    cutOff: () => {
      for (const each of gates) each.silence();
    },
    heal: async () => {
      // What was dropped is missing in the connections of before.
      for (const each of gates) {
        await each.cut();
        await each.open();
      }
    },
    ask,
    close: async () => {
      for (const each of gates) await each.close();
    },
  };
}

function killPostmaster(data: string): void {
  try {
    const [pid = ''] = readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n');
    process.kill(Number(pid), 'SIGKILL');
  } catch {
    // It does not run.
  }
}

function configuration(input: {
  readonly name: string;
  readonly data: string;
  readonly etcd: number;
  readonly postgresPort: number;
  readonly restPort: number;
  readonly outside: number;
  readonly rest: number;
}): object {
  const { name, data, etcd, postgresPort, restPort, outside, rest } = input;
  return {
    scope: 'latchkey',
    name,
    restapi: { listen: `${host}:${restPort}`, connect_address: `${host}:${rest}` },
    // A proxy: it must not learn the address behind its gate.
    etcd3: { host: `${host}:${etcd}`, use_proxies: true },
    bootstrap: {
      dcs: {
        ...timing,
        maximum_lag_on_failover: 1_048_576,
        synchronous_mode: true,
        postgresql: { use_pg_rewind: true },
      },
      initdb: [{ encoding: 'UTF8' }, { locale: 'C' }, 'data-checksums'],
      pg_hba: ['host replication all 127.0.0.1/32 trust', 'host all all 127.0.0.1/32 trust'],
    },
    postgresql: {
      listen: `${host}:${postgresPort}`,
      connect_address: `${host}:${outside}`,
      data_dir: data,
      bin_dir: binaries(),
      authentication: {
        superuser: { username: 'postgres' },
        replication: { username: 'replicator' },
      },
      parameters: { unix_socket_directories: '', max_connections: 120 },
    },
  };
}

function haproxyConfiguration(
  port: number,
  members: readonly { readonly name: string; readonly port: number; readonly restPort: number }[],
): string {
  const servers = members.map(
    (member) => `  server ${member.name} ${host}:${member.port} check port ${member.restPort}`,
  );
  return `${[
    'defaults',
    '  mode tcp',
    '  timeout connect 2s',
    '  timeout client 30m',
    '  timeout server 30m',
    '  timeout check 2s',
    'listen primary',
    `  bind ${host}:${port}`,
    '  option httpchk',
    '  http-check send meth GET uri /primary',
    '  http-check expect status 200',
    '  default-server inter 1s fall 2 rise 1 on-marked-down shutdown-sessions',
    ...servers,
  ].join('\n')}\n`;
}

/** What Patroni says of a primary. */
type Status = {
  readonly replication?: readonly { readonly state: string; readonly sync_state: string }[];
};

function watch(members: readonly Member[]): Pick<PatroniCluster, 'primary' | 'untilWhole'> {
  const until = async <T>(find: () => Promise<T | undefined>, what: string): Promise<T> => {
    for (const end = performance.now() + 180_000; performance.now() < end; await sleep(50)) {
      const found = await find();
      if (found !== undefined) return found;
    }
    throw new Error(`Patroni: ${what} did not come within three minutes.`);
  };
  const isWhole = async (member: Member): Promise<boolean> => {
    if (!(await member.isPrimary())) return false;
    const answer = await member.ask('GET', '/patroni').catch(() => null);
    const { replication = [] }: Status = answer === null ? {} : ((await answer.json()) as Status);
    const streaming = replication.filter(({ state }) => state === 'streaming');
    const isSafe = streaming.some((standby) => standby.sync_state === 'sync');
    return isSafe && streaming.length === members.length - 1;
  };
  return {
    primary: (except) =>
      until(async () => {
        for (const member of members)
          if (member !== except && (await member.isPrimary())) return member;
        return undefined;
      }, 'a primary'),
    untilWhole: async () => {
      await until(async () => {
        const whole = await Promise.all(members.map(isWhole));
        return whole.some(Boolean) ? true : undefined;
      }, 'a whole cluster');
    },
  };
}
