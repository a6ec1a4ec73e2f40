import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../src/testing/free-port.ts';
import { builtCommandLine } from './instances.ts';
import { descendants, endWithThisProcess } from './processes.ts';

/** A server that is started again on its port after it was killed, as a supervisor does it. */
export type KeptServer = {
  readonly url: string;
  /** The processes that WORKERS has made. */
  workers(): number[];
  /** Sends SIGKILL to it and to its workers. */
  kill(): void;
  /** Starts it, and waits until it is ready. */
  start(): Promise<void>;
  stop(): Promise<void>;
};

/** `latchkey start` as it is built, so that its start is the one of production. */
export async function keepServer(
  env: Readonly<Record<string, string>>,
  log: string,
): Promise<KeptServer> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  let child: ChildProcess | null = null;
  const start = async (): Promise<void> => {
    const file = openSync(log, 'a');
    const started = spawn(process.execPath, [...builtCommandLine(), 'start'], {
      env: { ...env, PORT: String(port) },
      stdio: ['ignore', file, file],
    });
    closeSync(file);
    child = started;
    endWithThisProcess(started);
    await untilReady(url, () => started.exitCode);
  };
  const workers = (): number[] =>
    descendants(child?.pid ?? 0).filter((pid) => commandOf(pid).includes('latchkey.js'));
  await start();
  return {
    url,
    workers,
    start,
    kill: () => {
      const all = workers();
      child?.kill('SIGKILL');
      for (const pid of all) killOne(pid);
    },
    stop: async () => {
      if (child === null || child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      await exited;
    },
  };
}

/** Sends SIGKILL, unless it has gone already. */
export function killOne(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has already exited.
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

async function untilReady(url: string, exitCode: () => number | null): Promise<void> {
  for (let waited = 0; waited < 120_000; waited += 50) {
    const status = exitCode();
    if (status !== null) throw new Error(`The server ended with ${status}: see its log.`);
    const answer = await fetch(`${url}/readyz`).catch(() => null);
    if (answer?.ok) return;
    await sleep(50);
  }
  throw new Error('The server is not ready.');
}
