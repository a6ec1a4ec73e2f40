import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeFolder, unprivilegedAccount } from '../../src/testing/embedded-postgres.ts';
import { freePort } from '../../src/testing/free-port.ts';
import { endWithThisProcess } from './processes.ts';

export type Bouncer = {
  readonly url: string;
  readonly pid: number;
  /** Kills it, and starts it again on the same port. */
  restart(): Promise<void>;
  stop(): Promise<void>;
};

/** The program's path; null where it is not installed. */
export function findBouncer(): string | null {
  const paths = ['/usr/sbin/pgbouncer', '/usr/bin/pgbouncer'];
  return paths.find((path) => spawnSync(path, ['-V']).status === 0) ?? null;
}

/**
 * PgBouncer in transaction mode before the database of this URL, with docs/operations.md's
 * settings. As PostgreSQL, it refuses to run as root.
 */
export async function startBouncer(program: string, database: string): Promise<Bouncer> {
  const account = unprivilegedAccount();
  const folder = makeFolder(account);
  const port = await freePort();
  const inside = new URL(database);
  const settings = `[databases]
latchkey = host=127.0.0.1 port=${inside.port} dbname=${inside.pathname.slice(1)}
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
    ['users', `"${inside.username}" "${inside.password}"\n`],
  ] as const) {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    if (account.uid !== undefined && account.gid !== undefined)
      chownSync(join(folder, name), account.uid, account.gid);
  }
  const begin = async (): Promise<ChildProcess> => {
    const child = spawn(program, ['-q', join(folder, 'pgbouncer.ini')], {
      ...account,
      cwd: folder,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    endWithThisProcess(child);
    await untilListening(port);
    return child;
  };
  const end = async (signal: 'SIGINT' | 'SIGKILL'): Promise<void> => {
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  };
  let child = await begin();
  const url = Object.assign(new URL(database), { port: String(port), pathname: '/latchkey' });
  return {
    url: url.href,
    pid: child.pid ?? 0,
    restart: async () => {
      await end('SIGKILL');
      child = await begin();
    },
    stop: async () => {
      await end('SIGINT');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function untilListening(port: number): Promise<void> {
  for (let tries = 0; tries < 250; tries += 1) {
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return;
    } catch {
      await sleep(20);
    } finally {
      socket.destroy();
    }
  }
  throw new Error('PgBouncer does not listen.');
}
