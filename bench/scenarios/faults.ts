import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import { migratePostgres } from '../../src/db/migrate.ts';
import {
  type EmbeddedPostgres,
  startEmbeddedPostgres,
} from '../../src/testing/embedded-postgres.ts';
import { type SmtpStandIn, startSmtpStandIn } from '../../src/testing/smtp-stand-in.ts';
import { startTcpGate, type TcpGate } from '../../src/testing/tcp-gate.ts';
import { type Bouncer, findBouncer, startBouncer } from '../shared/bouncer.ts';
import { failOver } from '../shared/fail-over.ts';
import { tellFault } from '../shared/fault-report.ts';
import { serverEnvironment } from '../shared/instances.ts';
import { type KeptServer, keepServer, killOne } from '../shared/kept-server.ts';
import { kinds, type Ledger, startLedger } from '../shared/ledger.ts';
import { checkLedger, type Fault } from '../shared/ledger-check.ts';
import { readOptions, UsageError } from '../shared/options.ts';
import { out } from '../shared/report.ts';
import { mountSmallDisk, type SmallDisk } from '../shared/small-disk.ts';

/** Two servers, the second with two workers, and what they use. */
type Stage = {
  readonly postgres: EmbeddedPostgres;
  /** Past the gate, for the check and for what breaks things. */
  readonly databaseUrl: string;
  readonly gate: TcpGate;
  readonly mailGate: TcpGate;
  readonly smtp: SmtpStandIn;
  readonly servers: readonly [KeptServer, KeptServer];
  /** Null where they cannot be mounted, or the program is not installed. */
  readonly disk: SmallDisk | null;
  readonly logs: SmallDisk | null;
  readonly bouncer: Bouncer | null;
  readonly env: Readonly<Record<string, string>>;
};

type Kind = {
  readonly about: string;
  /** Does it; answers once it is over. Null where it cannot be done here. */
  readonly strike: (stage: Stage, turn: number) => Promise<void> | null;
  /** Puts back what it has broken, after people have been watched. */
  readonly mend?: (stage: Stage) => Promise<void>;
};

let restarting: Promise<void> = Promise.resolve();

const faults: Readonly<Record<string, Kind>> = {
  worker: {
    about: 'kill -9 of a worker',
    strike: async ({ servers }) => {
      const [pid = 0] = servers[1].workers();
      killOne(pid);
    },
  },
  server: {
    about: 'kill -9 of a server, which is started again',
    strike: async ({ servers }) => {
      servers[0].kill();
      // At once, as a supervisor does it; the other server answers meanwhile.
      restarting = servers[0].start();
    },
    mend: () => restarting,
  },
  postgres: {
    about: 'kill -9 of PostgreSQL, which is started again',
    strike: async ({ postgres }) => {
      await postgres.crash();
      await postgres.resume();
    },
  },
  'stalled-5': { about: 'the network stalls for 5 s', strike: stalled(5000) },
  'stalled-30': { about: 'the network stalls for 30 s', strike: stalled(30_000) },
  swallowed: {
    about: 'the network swallows everything for 15 s',
    strike: async ({ gate }) => {
      gate.silence();
      await sleep(15_000);
      await gate.open();
    },
  },
  refused: { about: 'the network refuses connections for 5 s', strike: refused(5000) },
  broken: { about: 'every connection is broken once', strike: refused(0) },
  bouncer: {
    about: 'PgBouncer is killed and started again',
    strike: ({ bouncer }) => bouncer?.restart() ?? null,
  },
  disk: { about: 'the disk of the database is full for 5 s', strike: full('disk') },
  log: { about: 'the disk of the log is full for 5 s', strike: full('logs') },
  mail: {
    about: 'the mail provider is away for 5 s',
    strike: async ({ mailGate }) => {
      await mailGate.cut();
      await sleep(5000);
      await mailGate.open();
    },
  },
  migration: { about: 'a migration while serving', strike: migrate },
  lock: { about: 'a lock of users and sessions for 10 s', strike: lock },
};

function stalled(duration: number): Kind['strike'] {
  return async ({ gate }) => {
    gate.stall();
    await sleep(duration);
    await gate.open();
  };
}

function refused(duration: number): Kind['strike'] {
  return async ({ gate }) => {
    await gate.cut();
    await sleep(duration);
    await gate.open();
  };
}

function full(which: 'disk' | 'logs'): Kind['strike'] {
  return ({ [which]: disk }) => {
    if (disk === null) return null;
    disk.fill();
    return sleep(5000).then(() => disk.free());
  };
}

async function withSql(url: string, use: (sql: postgres.Sql) => Promise<unknown>): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    await use(sql);
  } finally {
    await sql.end();
  }
}

/** The command, and changes of the kinds that a migration makes to tables that are in use. */
async function migrate({ databaseUrl }: Stage, turn: number): Promise<void> {
  await migratePostgres(databaseUrl);
  const name = `bench_${turn}`;
  await withSql(databaseUrl, async (sql) => {
    await sql`set lock_timeout = '2s'`;
    await untilLocked(() => sql`alter table users add column ${sql(name)} text`);
    await sql`create index concurrently ${sql(name)} on sessions (user_id, created_at)`;
  });
}

/** Again where the lock was not had in time, as the documentation has it for a busy table. */
async function untilLocked(change: () => Promise<unknown>): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await change();
      return;
    } catch (error) {
      const isLate = error instanceof postgres.PostgresError && error.code === '55P03';
      if (!isLate || tries === 10) throw error;
    }
  }
}

async function lock({ databaseUrl }: Stage): Promise<void> {
  await withSql(databaseUrl, (sql) =>
    sql.begin(async (tx) => {
      await tx`lock table users, sessions in access exclusive mode`;
      await tx`select pg_sleep(10)`;
    }),
  );
}

/**
 * Two servers and one PostgreSQL under people who register, verify, read, refresh, change their
 * password, sign out and in, with everything written down: what breaks is put back, and then
 * nothing that was acknowledged may be lost, nobody signed out, and every operation back within
 * five seconds, whether a request was caught by the fault or sent after it.
 */
export async function run(args: readonly string[]): Promise<void> {
  // What is mounted is unmounted at the end of the process, and a signal alone does not run that.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  const options = readOptions(args, { times: 10, people: 30, pause: 1200, only: [] });
  const unknown = options.only.find((name) => faults[name] === undefined && name !== 'fail-over');
  if (unknown !== undefined)
    throw new UsageError(`There is no ${unknown}: ${Object.keys(faults).join(' ')} fail-over`);
  const isWanted = (name: string): boolean =>
    options.only.length === 0 || options.only.includes(name);
  const chosen = Object.entries(faults).filter(([name]) => isWanted(name));
  if (chosen.length > 0) {
    const stage = await setStage();
    for (const [name, kind] of chosen) await strikeAgain(stage, { name, kind, ...options });
    await clear(stage);
  }
  if (isWanted('fail-over')) await failOver(options);
}

async function setStage(): Promise<Stage> {
  const disk = mountSmallDisk(512);
  const logs = mountSmallDisk(64);
  const server = await startEmbeddedPostgres(durable);
  const databaseUrl = await makeDatabase(server.url, disk);
  const gate = await startTcpGate({ host: '127.0.0.1', port: Number(new URL(databaseUrl).port) });
  const smtp = await startSmtpStandIn({ startTls: false });
  const mailGate = await startTcpGate({ host: '127.0.0.1', port: smtp.port });
  const throughGate = Object.assign(new URL(databaseUrl), { port: String(gate.port) });
  const env = serverEnvironment({ databaseUrl: throughGate.href, smtpPort: mailGate.port });
  const folder = logs?.folder ?? null;
  const logOf = (name: string): string => (folder === null ? '/dev/null' : `${folder}/${name}.log`);
  const servers = await Promise.all([
    keepServer(env, logOf('one')),
    keepServer({ ...env, WORKERS: '2' }, logOf('two')),
  ]);
  const program = findBouncer();
  const bouncer = program === null ? null : await startBouncer(program, databaseUrl);
  return {
    postgres: server,
    databaseUrl,
    gate,
    mailGate,
    smtp,
    servers,
    disk,
    logs,
    bouncer,
    env,
  };
}

/** It keeps what it acknowledges, as in production. */
const durable = {
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  wal_level: 'replica',
};

/** A migrated database, with its tables on the small disk. */
async function makeDatabase(adminUrl: string, disk: SmallDisk | null): Promise<string> {
  const url = Object.assign(new URL(adminUrl), { pathname: '/latchkey' });
  await withSql(adminUrl, async (sql) => {
    if (disk === null) return sql`create database latchkey`;
    // biome-ignore lint/plugin: a path is no parameter of this statement.
    await sql.unsafe(`create tablespace small location '${disk.folder}'`);
    return sql`create database latchkey tablespace small`;
  });
  await migratePostgres(url.href);
  return url.href;
}

async function clear(stage: Stage): Promise<void> {
  for (const server of stage.servers) await server.stop();
  await stage.bouncer?.stop();
  for (const gate of [stage.gate, stage.mailGate]) await gate.close();
  await stage.smtp.close();
  await stage.postgres.stop();
  stage.disk?.unmount();
  stage.logs?.unmount();
}

type Series = {
  readonly name: string;
  readonly kind: Kind;
  readonly times: number;
  readonly people: number;
  readonly pause: number;
};

/** One kind of fault, several times, with the same people. */
async function strikeAgain(stage: Stage, series: Series): Promise<void> {
  const { name, kind, times, people, pause } = series;
  if (name === 'bouncer' && stage.bouncer === null) return out('bouncer: install pgbouncer.');
  const own = name === 'bouncer' ? await serversBehindBouncer(stage) : [];
  const urls = (own.length > 0 ? own : stage.servers).map(({ url }) => url);
  stage.smtp.mails.length = 0;
  const running = startLedger({ urls, people, smtp: stage.smtp, pause, name });
  await sleep(pause * 10);
  const struck: Fault[] = [];
  for (let turn = 0; turn < times; turn += 1) {
    const begunAt = performance.now();
    const strike = kind.strike(stage, turn);
    if (strike === null) {
      await running.stop();
      return out(`${name}: cannot be done here, it needs root.`);
    }
    await strike;
    const fault = { begunAt, endedAt: performance.now() };
    await watch(running.ledger, fault);
    struck.push(fault);
    await kind.mend?.(stage);
  }
  await running.stop();
  const lost = await checkLedger(running.ledger, { urls, databaseUrl: stage.databaseUrl });
  tellFault({ name: `${name}: ${kind.about}`, ledger: running.ledger, faults: struck, lost });
  for (const server of own) await server.stop();
}

/** Behind it statements are not prepared, as docs/operations.md has it. */
function serversBehindBouncer({ bouncer, env }: Stage): Promise<KeptServer[]> {
  const settings = { ...env, DATABASE_URL: `${bouncer?.url}?prepare=false` };
  return Promise.all(['/dev/null', '/dev/null'].map((log) => keepServer(settings, log)));
}

/** Milliseconds: no fault begins before the one before has had its five seconds. */
const watchFor = { least: 5000, most: 8000 };

/** Until every operation has succeeded again, or should have long ago. */
async function watch(ledger: Ledger, fault: Fault): Promise<void> {
  await sleep(watchFor.least);
  const isBack = (): boolean => {
    const back = new Set(
      ledger.operations
        .filter(({ sentAt, outcome }) => sentAt > fault.endedAt && outcome === 'acknowledged')
        .map(({ kind }) => kind),
    );
    return back.size === kinds.length;
  };
  while (!isBack() && performance.now() < fault.endedAt + watchFor.most) await sleep(200);
}
