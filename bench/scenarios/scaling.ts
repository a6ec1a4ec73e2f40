/**
 * `me` a second of one worker, of two, and of two instances behind nginx (where that is installed).
 * Generator, PostgreSQL and servers share the machine, so each line says what each of them took of
 * the processors, and how many `me` came from a second of the servers' own time: where that stays
 * the same, more cores are as many times more `me`. The last two lines hold each server process to
 * a part of a core, so that servers are what is short and not cores.
 *
 *   npm run bench:scaling [-- ROUNDS=3 [SECONDS=5 [SHARE=0.25]]]
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { migratePostgres } from '../../src/db/migrate.ts';
import { startEmbeddedPostgres } from '../../src/testing/embedded-postgres.ts';
import { freePort } from '../../src/testing/free-port.ts';
import { startSmtpStandIn } from '../../src/testing/smtp-stand-in.ts';
import { putDatabase } from '../shared/accounts.ts';
import {
  type Account,
  askMe,
  commonEnvironment,
  registerAccount,
  startInstance,
} from '../shared/instances.ts';
import { startGenerator } from '../shared/load.ts';
import { descendants, pinTo, processorTime } from '../shared/processes.ts';
import { percentile } from '../shared/serve-apart.ts';

const rounds = Number(process.argv[2] ?? 3);
const seconds = Number(process.argv[3] ?? 5);
const share = Number(process.argv[4] ?? 0.25);
/**
 * Of each server process: looks into the database are shared by requests that come together, so
 * fewer of them would cost more each.
 */
const connections = 32;
const out = (line: string): void => void process.stdout.write(`${line}\n`);

const postgres = await startEmbeddedPostgres({ fsync: 'on', synchronous_commit: 'on' });
const keepers = descendants(process.pid);
const database = await putDatabase(postgres.url, 'latchkey');
await migratePostgres(database);
const smtp = await startSmtpStandIn({ startTls: false });
const env = {
  ...commonEnvironment({ databaseUrl: database, smtpPort: smtp.port }),
  MIGRATE_ON_START: 'false',
  TRUSTED_PROXIES: '127.0.0.1',
};
const one = await startInstance(env);
const another = await startInstance(env);
const two = await startInstance({ ...env, WORKERS: '2' });
const nginx = await startNginx([one.port, another.port]);
const persons: Account[] = [];
for (let n = 0; n < 2 * connections; n += 1) {
  persons.push(await registerAccount(one.url, { email: `person-${n}@example.com`, smtp }));
}
const generator = await startGenerator(pinTo('0-1'));

/**
 * Processes that answer requests. Of workers, their first process serves nothing; the loader's own
 * are small.
 */
const serving = (pid: number): number[] => [pid, ...descendants(pid)];
const variants = [
  { name: 'one worker', port: one.port, servers: serving(one.pid), processes: 1, share: 1 },
  { name: 'two workers', port: two.port, servers: serving(two.pid), processes: 2, share: 1 },
  ...(nginx === null
    ? []
    : [
        {
          name: 'two behind nginx',
          port: nginx.port,
          servers: [one.pid, another.pid].flatMap(serving),
          processes: 2,
          share: 1,
        },
      ]),
  {
    name: `one worker at ${share} of a core`,
    port: one.port,
    servers: serving(one.pid),
    processes: 1,
    share,
  },
  {
    name: `two workers at ${share} of a core`,
    port: two.port,
    servers: serving(two.pid),
    processes: 2,
    share,
  },
];
type Result = {
  rate: number;
  p50: number;
  servers: number;
  generator: number;
  postgres: number;
  nginx: number;
};
const results = new Map<string, Result[]>(variants.map(({ name }) => [name, []]));
const timeOf = (pids: readonly number[]): number =>
  pids.reduce((sum, pid) => sum + processorTime(pid), 0);
const postgresPids = (): number[] => keepers.flatMap((pid) => [pid, ...descendants(pid)]);
const taken = (servers: readonly number[]) => ({
  servers: timeOf(servers),
  generator: processorTime(generator.pid),
  postgres: timeOf(postgresPids()),
  nginx: nginx === null ? 0 : processorTime(nginx.pid),
});
let wrong = 0;
for (let round = 0; round < rounds; round += 1) {
  for (const variant of variants) {
    const throttle = variant.share < 1 ? holdBack(variant.servers, variant.share) : null;
    const measured = generator.run({
      port: variant.port,
      connections: connections * variant.processes,
      seconds,
      warmUpSeconds: 2,
      requests: persons.map(({ accessToken }) => askMe(accessToken)),
      expected: persons.map(({ id }) => id),
    });
    await sleep(2000);
    const [before, at] = [taken(variant.servers), performance.now()];
    const result = await measured;
    const [after, passed] = [taken(variant.servers), (performance.now() - at) / 1000];
    throttle?.stop();
    wrong += result.wrongCount;
    const per = (name: keyof typeof before): number => (after[name] - before[name]) / passed;
    results.get(variant.name)?.push({
      rate: result.count / result.seconds,
      p50: result.p50,
      servers: per('servers'),
      generator: per('generator'),
      postgres: per('postgres'),
      nginx: per('nginx'),
    });
  }
}

for (const [name, all] of results) {
  const median = (of: keyof Result): number =>
    percentile(
      all.map((result) => result[of]),
      0.5,
    );
  const cores = (['servers', 'generator', 'postgres', 'nginx'] as const).map(
    (of) => `${of} ${median(of).toFixed(2)}`,
  );
  out(
    `${name.padEnd(28)} ${median('rate').toFixed(0)} me/s, p50 ${median('p50').toFixed(1)} ms; cores: ${cores.join(', ')}; ${(median('rate') / median('servers')).toFixed(0)} me for a second of the servers`,
  );
}
out(`wrong answers: ${wrong}`);
await generator.stop();
await nginx?.stop();
for (const instance of [one, another, two]) await instance.stop();
await smtp.close();
await postgres.stop();
process.exitCode = wrong === 0 ? 0 : 1;

/**
 * Lets processes run for a part of the time only, each at its own turn, as a quota of a container
 * does.
 */
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
async function startNginx(
  ports: readonly number[],
): Promise<{ port: number; pid: number; stop(): Promise<void> } | null> {
  if (spawnSync('nginx', ['-v']).status !== 0) return null;
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-nginx-'));
  const port = await freePort();
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  );
  writeFileSync(
    join(folder, 'nginx.conf'),
    `daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log;
events { worker_connections 512; }
http {
  access_log off;
  ${temporary.join('\n  ')}
  upstream latchkey {
    least_conn;
    ${ports.map((each) => `server 127.0.0.1:${each} max_fails=1 fail_timeout=2s;`).join('\n    ')}
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
`,
  );
  const child = spawn(
    'nginx',
    ['-c', join(folder, 'nginx.conf'), '-p', folder, '-e', join(folder, 'error.log')],
    {
      stdio: 'ignore',
    },
  );
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
