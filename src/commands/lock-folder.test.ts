import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bundledProgram, compiledSources } from '../testing/compiled.ts';
import { freePort } from '../testing/free-port.ts';

const scratch = mkdtempSync(join(tmpdir(), 'lk-'));
afterAll(() => rmSync(scratch, { recursive: true }));

/** Takes the lock of `.data` and says what came of it; holds it until its input ends. */
const program = `
  import { lockFolder } from '${join(compiledSources(), 'commands/lock-folder.js')}';
  import { systemRandom } from '${join(compiledSources(), 'random.js')}';
  process.stdin.resume().on('end', () => process.exit(0));
  const holder = await lockFolder('.data', { random: systemRandom });
  console.log(JSON.stringify(holder));
`;

describe('X-21 the lock on a folder', { timeout: 120_000 }, () => {
  let folder: string;
  const running: ChildProcess[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(scratch, 'f'));
  });
  afterEach(() => {
    for (const child of running.splice(0)) child.kill('SIGKILL');
  });

  /** A process, and whom it found in its way; `by` are the words of a command that starts it. */
  async function contend(cwd = folder, by: readonly string[] = []) {
    const [command = '', ...args] = [...by, process.execPath, '--input-type=module', '-e', program];
    const child = spawn(command, args, { cwd });
    running.push(child);
    const [line] = await once(child.stdout, 'data');
    return { child, holder: JSON.parse(String(line)) };
  }
  const kill = async (child: ChildProcess, signal: NodeJS.Signals) => {
    child.kill(signal);
    await once(child, 'exit');
  };
  const locks = () => readdirSync(join(folder, '.data')).filter((name) => /^lock-/.test(name));

  it('names the holder, by process and folder', async () => {
    const first = await contend();
    expect(first.holder).toBeNull();
    const second = await contend();
    expect(second.holder).toEqual({
      state: 'holding',
      pid: first.child.pid,
      folder: join(folder, '.data'),
    });
    // One that was refused has left nothing.
    expect(locks()).toHaveLength(1);
  });

  it('is free again after an end in order, and after kill -9', async () => {
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      const { child, holder } = await contend();
      expect(holder).toBeNull();
      await kill(child, signal);
    }
    const { child, holder } = await contend();
    expect(holder).toBeNull();
    // What the killed ones left is gone.
    expect(locks()).toHaveLength(1);
    child.stdin?.end();
    await once(child, 'exit');
    expect(locks()).toEqual([]);
  });

  it('is not taken from a holder for its age, nor from one that is stopped', async () => {
    const first = await contend();
    const [name = ''] = locks();
    utimesSync(join(folder, '.data', name), 0, 0);
    expect((await contend()).holder).toMatchObject({ pid: first.child.pid });
    first.child.kill('SIGSTOP');
    expect((await contend()).holder).toMatchObject({ pid: first.child.pid });
    first.child.kill('SIGCONT');
  });

  it('takes no notice of process numbers: a dead lock with a living process’s number', async () => {
    const { child } = await contend();
    await kill(child, 'SIGKILL');
    const [name = ''] = locks();
    execFileSync('mv', [name, `lock-${process.pid}-0`], { cwd: join(folder, '.data') });
    // A file that is no socket is no holder either.
    writeFileSync(join(folder, '.data', 'lock-1-x'), '');
    expect((await contend()).holder).toBeNull();
  });

  /** Ends a holder, and gives its lock the mark of another boot and, by `place`, of its disk. */
  async function leaveForeign(place: '' | 'disk.') {
    const { child } = await contend();
    await kill(child, 'SIGKILL');
    const [name = ''] = locks();
    const foreign = name.replace(/^(lock-\d+)-\w{8}-(?:disk\.)?/, `$1-00000000-${place}`);
    execFileSync('mv', [name, foreign], { cwd: join(folder, '.data') });
    return { foreign, pid: child.pid };
  }

  it('of another kernel or boot is refused by its file and never removed', async () => {
    const { foreign, pid } = await leaveForeign('');
    const refused = (await contend()).holder;
    expect(refused).toMatchObject({ pid, foreignLock: join('.data', foreign) });
    expect(locks()).toEqual([foreign]);
    rmSync(join(folder, '.data', foreign));
    expect((await contend()).holder).toBeNull();
  });

  const isLinux = process.platform === 'linux';

  it.runIf(isLinux)('of another boot is taken over where both have the disk', async () => {
    const { foreign } = await leaveForeign('disk.');
    const next = await contend();
    expect(next.holder).toBeNull();
    expect(locks()).toEqual([expect.stringMatching(`^lock-${next.child.pid}-\\w{8}-disk\\.`)]);
    expect(locks()).not.toContain(foreign);
  });

  /** In a mount of its own, of a kind that is not known to be one kernel's alone. */
  const onMount = (script: string) => [
    'unshare',
    ...['-rm', 'sh', '-c', `mount -t ramfs none "$0" && cd "$0" && ${script} && exec "$@"`],
  ];
  const canMount =
    spawnSync('unshare', [...onMount('true').slice(1), scratch, 'true']).status === 0;

  it.runIf(canMount)('is neither taken over nor marked so where others may share it', async () => {
    const lock = '.data/lock-4711-00000000-disk.x';
    const found = await contend(folder, [...onMount(`mkdir .data && touch ${lock}`), folder]);
    expect(found.holder).toMatchObject({ pid: 4711, foreignLock: lock });
    const { child, holder } = await contend(folder, [...onMount('true'), folder]);
    expect(holder).toBeNull();
    expect(readdirSync(join(`/proc/${child.pid}/root`, folder, '.data'))).toEqual([
      expect.stringMatching(`^lock-${child.pid}-\\w{8}-[^.]+$`),
    ]);
  });

  it('a copied folder is another folder', async () => {
    const first = await contend();
    expect(first.holder).toBeNull();
    const copy = mkdtempSync(join(scratch, 'c'));
    execFileSync('cp', ['-a', `${folder}/.`, copy]);
    expect((await contend(copy)).holder).toBeNull();
    expect((await contend()).holder).toMatchObject({ pid: first.child.pid });
  });

  it('of many that come at once exactly one gets it, also over a killed one’s lock', async () => {
    for (let round = 0; round < 3; round += 1) {
      const all = await Promise.all(Array.from({ length: 6 }, () => contend()));
      const winners = all.filter(({ holder }) => holder === null);
      expect(winners).toHaveLength(1);
      expect((await contend()).holder).toMatchObject({ pid: winners[0]?.child.pid });
      for (const { child } of all) child.kill('SIGKILL');
      await Promise.all(
        all.map(({ child }) => child.exitCode ?? child.signalCode ?? once(child, 'exit')),
      );
    }
  });
});

describe('X-21 two development servers', { timeout: 180_000 }, () => {
  it('on one folder: the second is refused, and says whose it is', async () => {
    const folder = mkdtempSync(join(scratch, 'd'));
    // Read from .env, which `latchkey dev` does by itself.
    writeFileSync(join(folder, '.env'), `PORT="${await freePort()}"\r\n`);
    const start = () => spawn(process.execPath, [bundledProgram(), 'dev'], { cwd: folder });
    const first = start();
    try {
      const data = join(folder, '.data');
      const isLocked = () =>
        existsSync(data) &&
        readdirSync(data).some((name) => !/\.new$/.test(name) && /^lock-/.test(name));
      await expect.poll(isLocked, { timeout: 120_000, interval: 50 }).toBe(true);
      const second = start();
      const [said] = await Promise.all([text(second.stderr), once(second, 'exit')]);
      expect(second.exitCode).toBe(1);
      expect(said).toBe(
        `Another development server has .data of ${folder}: process ${first.pid}. End it, or ` +
          'start this one in another folder.\n',
      );
    } finally {
      first.kill('SIGKILL');
    }
  });

  it('a lock of another machine: it says which file to remove, and leaves it', async () => {
    const folder = mkdtempSync(join(scratch, 'o'));
    const lock = join(folder, '.data', 'lock-4711-00000000-x');
    mkdirSync(join(folder, '.data'));
    writeFileSync(lock, '');
    const dev = spawn(process.execPath, [bundledProgram(), 'dev'], { cwd: folder });
    const [said] = await Promise.all([text(dev.stderr), once(dev, 'exit')]);
    expect(dev.exitCode).toBe(1);
    expect(said).toBe(
      `${lock} is the lock of process 4711 of another machine, or of this one before it was last ` +
        'booted. If that process has ended, remove the file.\n',
    );
    expect(existsSync(lock)).toBe(true);
  });
});
