import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../src/testing/free-port.ts';
import { startSmtpStandIn } from '../../src/testing/smtp-stand-in.ts';
import { makeDatabase, startDurablePostgres } from '../shared/databases.ts';
import {
  type Registered,
  registerAccount,
  serverEnvironment,
  startInstance,
} from '../shared/instances.ts';
import { type Generator, type Load, startGenerator } from '../shared/load.ts';
import { median, sum } from '../shared/numbers.ts';
import { readOptions } from '../shared/options.ts';
import { bothCores, descendants, endWithThisProcess, processorTime } from '../shared/processes.ts';
import { judge, out } from '../shared/report.ts';
import { meRequest } from '../shared/requests.ts';

/** For each server process: requests that come at once share a look-up in the database. */
const connections = 32;

type Variant = {
  readonly name: string;
  readonly port: number;
  /** Processes that answer requests. */
  readonly servers: readonly number[];
  readonly processes: number;
  /** Of a core that each of them may take. */
  readonly share: number;
};
const parts = ['servers', 'generator', 'postgres', 'nginx'] as const;
type Part = (typeof parts)[number];
type Result = Readonly<Record<Part | 'rate' | 'p50', number>>;
type Nginx = { readonly port: number; readonly pid: number; stop(): Promise<void> };

/**
 * `me` a second of one worker, of two, and of two instances behind nginx (where that is installed).
 * Generator, PostgreSQL and servers share the machine, so each line says what each of them took of
 * the processors, and how many `me` came from a second of the servers' own time: where that stays
 * the same, more cores are as many times more `me`. The last two lines hold each server process to
 * a share of a core, so that servers are what is short and not cores.
 */
export async function run(args: readonly string[]): Promise<void> {
  const options = readOptions(args, { rounds: 3, seconds: 5, share: 0.25 });
  const postgres = await startDurablePostgres();
  const keepers = descendants(process.pid);
  const smtp = await startSmtpStandIn({ startTls: false });
  const env = {
    ...serverEnvironment({
      databaseUrl: await makeDatabase(postgres.url, 'latchkey'),
      smtpPort: smtp.port,
    }),
    TRUSTED_PROXIES: '127.0.0.1',
  };
  const one = await startInstance(env);
  const another = await startInstance(env);
  const two = await startInstance({ ...env, WORKERS: '2' });
  const nginx = await startNginx([one.port, another.port]);
  const persons: Registered[] = [];
  for (let n = 0; n < 2 * connections; n += 1)
    persons.push(await registerAccount(one.url, { email: `person-${n}@example.com`, smtp }));
  const { share } = options;
  const single = { port: one.port, servers: serving(one.pid), processes: 1 };
  const workers = { port: two.port, servers: serving(two.pid), processes: 2 };
  const behind = [one, another].flatMap(({ pid }) => serving(pid));
  const variants: Variant[] = [
    { ...single, name: 'one worker', share: 1 },
    { ...workers, name: 'two workers', share: 1 },
    ...(nginx
      ? [{ name: 'two behind nginx', port: nginx.port, servers: behind, processes: 2, share: 1 }]
      : []),
    { ...single, name: `one worker at ${share} of a core`, share },
    { ...workers, name: `two workers at ${share} of a core`, share },
  ];
  const generator = await startGenerator(bothCores);
  await measureAll({ variants, persons, keepers, nginx, generator, ...options });
  await generator.stop();
  await nginx?.stop();
  for (const instance of [one, another, two]) await instance.stop();
  await smtp.close();
  await postgres.stop();
}

/** Of workers the first process serves nothing; the loader's own are small. */
function serving(pid: number): number[] {
  return [pid, ...descendants(pid)];
}

async function measureAll(input: {
  variants: readonly Variant[];
  persons: readonly Registered[];
  keepers: readonly number[];
  nginx: Nginx | null;
  generator: Generator;
  rounds: number;
  seconds: number;
}): Promise<void> {
  const { variants, persons, keepers, nginx, generator, seconds } = input;
  const results = new Map<string, Result[]>(variants.map(({ name }) => [name, []]));
  let wrong = 0;
  for (let round = 0; round < input.rounds; round += 1) {
    for (const variant of variants) {
      const pids = {
        servers: variant.servers,
        generator: [generator.pid],
        postgres: keepers.flatMap((pid) => [pid, ...descendants(pid)]),
        nginx: nginx === null ? [] : [nginx.pid],
      };
      const load = {
        port: variant.port,
        connections: connections * variant.processes,
        seconds,
        requests: persons.map(({ accessToken }) => meRequest(accessToken)),
        expected: persons.map(({ id }) => id),
      };
      const throttle = variant.share < 1 ? holdBack(variant.servers, variant.share) : null;
      const { wrongCount, ...result } = await measure(generator, load, pids);
      throttle?.stop();
      wrong += wrongCount;
      results.get(variant.name)?.push(result);
    }
  }
  for (const [name, all] of results) print(name, all);
  judge(`${wrong} answers are wrong`, wrong === 0);
}

async function measure(
  generator: Generator,
  load: Load,
  pids: Readonly<Record<Part, readonly number[]>>,
): Promise<Result & { readonly wrongCount: number }> {
  const times = (): number[] => parts.map((part) => sum(pids[part].map(processorTime)));
  await generator.run({ ...load, seconds: 2 });
  const before = times();
  const { count, p50, wrongCount } = await generator.run(load);
  const after = times();
  const of = (part: Part): number => {
    const index = parts.indexOf(part);
    return ((after[index] ?? 0) - (before[index] ?? 0)) / load.seconds;
  };
  return {
    rate: count / load.seconds,
    p50,
    wrongCount,
    servers: of('servers'),
    generator: of('generator'),
    postgres: of('postgres'),
    nginx: of('nginx'),
  };
}

function print(name: string, all: readonly Result[]): void {
  const middle = (of: keyof Result): number => median(all.map((result) => result[of]));
  const cores = parts.map((of) => `${of} ${middle(of).toFixed(2)}`).join(', ');
  const [rate, p50] = [middle('rate').toFixed(0), middle('p50').toFixed(1)];
  const each = (middle('rate') / middle('servers')).toFixed(0);
  out(`${name.padEnd(28)} ${rate} me/s, p50 ${p50} ms; cores: ${cores}`);
  out(`${''.padEnd(28)} ${each} me for a second of the servers`);
}

/** Lets processes run for a part of the time only, in turn, as the quota of a container does. */
function holdBack(pids: readonly number[], part: number): { stop(): void } {
  const period = 40;
  let isOver = false;
  const signal = (pid: number, name: NodeJS.Signals): void => {
    try {
      process.kill(pid, name);
    } catch {
      // It has ended.
    }
  };
  const hold = async (pid: number, n: number): Promise<void> => {
    await sleep((period * n) / pids.length);
    while (!isOver) {
      signal(pid, 'SIGCONT');
      await sleep(period * part);
      signal(pid, 'SIGSTOP');
      await sleep(period * (1 - part));
    }
    signal(pid, 'SIGCONT');
  };
  for (const [n, pid] of pids.entries()) void hold(pid, n);
  return {
    stop: () => {
      isOver = true;
      for (const pid of pids) signal(pid, 'SIGCONT');
    },
  };
}

/** nginx in front of instances, as docs/operations.md has it; null where it is not installed. */
async function startNginx(ports: readonly number[]): Promise<Nginx | null> {
  if (spawnSync('nginx', ['-v']).status !== 0) return null;
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-nginx-'));
  const port = await freePort();
  writeFileSync(join(folder, 'nginx.conf'), nginxConfiguration({ folder, port, ports }));
  const files = ['-c', join(folder, 'nginx.conf'), '-p', folder, '-e', join(folder, 'error.log')];
  const child = spawn('nginx', files, { stdio: 'ignore' });
  endWithThisProcess(child);
  await sleep(500);
  return {
    port,
    pid: child.pid ?? 0,
    stop: async () => {
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function nginxConfiguration(input: {
  readonly folder: string;
  readonly port: number;
  readonly ports: readonly number[];
}): string {
  const { folder, port, ports } = input;
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  );
  const servers = ports.map((each) => `server 127.0.0.1:${each} max_fails=1 fail_timeout=2s;`);
  return `daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log;
events { worker_connections 512; }
http {
  access_log off;
  ${temporary.join('\n  ')}
  upstream latchkey {
    least_conn;
    ${servers.join('\n    ')}
    keepalive 64;
  }
  server {
    listen 127.0.0.1:${port};
    keepalive_requests 100000;
    location / {
      proxy_pass http://latchkey;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto $scheme;
    }
  }
}
`;
}
