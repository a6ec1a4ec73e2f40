import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';

/** Clock ticks a second of /proc, the same on every Linux. */
const ticksPerSecond = 100;

/**
 * The two cores of the machine that these figures are for: servers get the first one where they
 * have only one, and what asks them the other.
 */
export const serverCore = '0';
export const otherCore = '1';
export const bothCores = '0-1';

const hasTaskset = spawnSync('taskset', ['-V']).status === 0;

/** Keeps a process and what it starts on these cores; does nothing where there is no `taskset`. */
export function pin(pid: number, cores: string): void {
  if (hasTaskset) spawnSync('taskset', ['-a', '-c', '-p', cores, String(pid)]);
}

/** Seconds of processor time that a process has taken. */
export function processorTime(pid: number): number {
  const [, rest = ''] = readStat(pid).split(') ');
  const fields = rest.split(' ');
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / ticksPerSecond;
}

/** The descendants of a process. */
export function descendants(pid: number): number[] {
  const parents = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({
      pid: Number(name),
      parent: Number(readStat(Number(name)).split(') ')[1]?.split(' ')[1] ?? 0),
    }));
  const below = (of: number): number[] =>
    parents
      .filter(({ parent }) => parent === of)
      .flatMap((child) => [child.pid, ...below(child.pid)]);
  return below(pid);
}

/** Resident memory in MB, and the most of it so far. */
export function memory(pid: number): { readonly now: number; readonly most: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const megabytes = (name: string): number =>
    Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024;
  return { now: megabytes('VmRSS'), most: megabytes('VmHWM') };
}

/** Empty for a process that has gone meanwhile. */
function readStat(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return '';
  }
}

/** From the start on those cores: what a program counts of them decides how it divides its work. */
function onCores(cores: string, args: readonly string[]): string[] {
  return [...(hasTaskset ? ['taskset', '-c', cores] : []), process.execPath, ...args];
}

export type Started = {
  readonly pid: number;
  /** Milliseconds until it said that it is ready. */
  readonly readyAfter: number;
  stop(): Promise<void>;
};

/**
 * Starts a program with nothing but this environment, and answers once its output has `ready`.
 * Throws with what it wrote where it ends before.
 */
export async function start(options: {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly ready: RegExp;
  readonly cores: string;
}): Promise<Started> {
  const begun = performance.now();
  const [command = '', ...args] = onCores(options.cores, options.args);
  const child = spawn(command, args, { env: options.env, stdio: ['ignore', 'pipe', 'pipe'] });
  endWithThisProcess(child);
  await untilReady(child, options.ready);
  const readyAfter = performance.now() - begun;
  return {
    pid: child.pid ?? 0,
    readyAfter,
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      await exited;
    },
  };
}

/** Ends the started processes if a scenario fails half-way. */
export function endWithThisProcess(child: ChildProcess): void {
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('exit', () => process.off('exit', kill));
}

function untilReady(child: ChildProcess, ready: RegExp): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    const hear = (part: Buffer): void => {
      said = (said + part.toString()).slice(-4000);
      if (ready.test(said)) resolve();
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    child.once('error', reject);
    child.once('exit', (status) => reject(new Error(`It ended with ${status}: ${said}`)));
  });
}
