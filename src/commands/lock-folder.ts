import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statfsSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../random.ts';

/** Another process with the folder; `pid` as that process knows itself. */
export type Holder = {
  readonly pid: number;
  readonly folder: string;
  /** The file of a lock that another kernel made: nothing here tells whether its holder lives. */
  readonly foreignLock?: string;
};

type State = 'asking' | 'holding';
type Other = Holder & { readonly state: State };

const prefix = 'lock-';
/** Stands before the random part of a name, which has no dot. */
const diskMark = 'disk.';
/** Milliseconds for another process to say who it is; one that is stopped never does. */
const patience = 2000;

/**
 * Takes the folder for this process alone, until it ends; answers with the holder where there is
 * one. Each process listens on a socket of its own in the folder: the kernel closes it with the
 * process, so what accepts a connection lives and what refuses it is dead, whatever its age, number
 * or container. That holds for the sockets of one kernel since it was booted. One that refuses and
 * bears another boot's mark is dead where both have the folder on a disk of their own, which no two
 * kernels have at once; elsewhere nothing is known, and it is left for a person to remove.
 *
 * Each announces itself before it looks at the others, so of two that come at once at least one
 * sees the other. Of those that are still asking, the first by name waits for what becomes of the
 * others, which give way. No file that another may have taken is ever removed: names are never used
 * again.
 */
export async function lockFolder(
  folder: string,
  { random }: { readonly random: Random },
): Promise<Holder | null> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const place = isOwnDisk(folder) ? diskMark : '';
  const name = `${prefix}${process.pid}-${bootMark()}-${place}${random.token(6)}`;
  const own = join(folder, name);
  let state: State = 'asking';
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.end(JSON.stringify({ pid: process.pid, folder: resolve(folder), state }));
  });
  // Under its name only once it accepts connections: before, it would look like a dead one.
  server.listen(`${own}.new`);
  await once(server, 'listening');
  server.unref();
  renameSync(`${own}.new`, own);
  process.once('exit', () => rmSync(own, { force: true }));
  const holder = await findHolder(folder, name);
  if (holder === null) state = 'holding';
  else {
    rmSync(own, { force: true });
    server.close();
  }
  return holder;
}

/** Tells this boot of this kernel from others; the same for all where the system does not say. */
function bootMark(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').slice(0, 8);
  } catch {
    return 'unmarked';
  }
}

/**
 * File systems that one kernel alone can have in use, by the numbers that Linux gives them. Not
 * those that a network or a host shares with others, such as NFS, 9p and virtiofs.
 */
const ownDisks: ReadonlySet<number> = new Set([
  0xef53, // ext4
  0x58465342, // XFS
  0x9123683e, // Btrfs
  0xf2f52010, // F2FS
  0x2fc12fc1, // ZFS
  0x01021994, // tmpfs
  0x794c7630, // overlayfs, a container's own layer
]);

function isOwnDisk(folder: string): boolean {
  return process.platform === 'linux' && ownDisks.has(statfsSync(folder).type);
}

async function findHolder(folder: string, own: string): Promise<Holder | null> {
  const others = readdirSync(folder).filter(
    (name) => name.startsWith(prefix) && !name.endsWith('.new') && name !== own,
  );
  for (const name of others) {
    for (;;) {
      const other = await ask(folder, name);
      if (other === null) break;
      if (other.state === 'holding' || name < own) return other;
      await sleep(20);
    }
  }
  return null;
}

/** Null for a process that has certainly ended; what it left is removed. */
async function ask(folder: string, name: string): Promise<Other | null> {
  const path = join(folder, name);
  const [, pid = '', mark = bootMark(), place] =
    /^lock-(\d+)-(?:(\w{8})-(disk\.)?)?/.exec(name) ?? [];
  // One that is stopped or may not be asked holds the folder as far as anyone can tell.
  const silent: Other = { pid: Number(pid), folder: resolve(folder), state: 'holding' };
  const socket = connect(path);
  const timer = setTimeout(() => socket.destroy(new Error('It says nothing.')), patience);
  try {
    let text = '';
    for await (const part of socket.setEncoding('utf8')) text += part;
    const { state, ...holder }: Other = JSON.parse(text);
    return { ...holder, state: state === 'asking' ? 'asking' : 'holding' };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    if (code === 'ENOENT') return null;
    if (code !== 'ECONNREFUSED') return silent;
    const wasHere = mark === bootMark() || (place === diskMark && isOwnDisk(folder));
    if (!wasHere) return { ...silent, foreignLock: path };
    rmSync(path, { force: true });
    return null;
  } finally {
    clearTimeout(timer);
  }
}
