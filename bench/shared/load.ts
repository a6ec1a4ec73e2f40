import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { pin } from './processes.ts';

/** What a generator is to send. */
export type Load = {
  readonly port: number;
  readonly connections: number;
  readonly seconds: number;
  /** Sent first, and not counted. */
  readonly warmUpSeconds?: number;
  /** Requests a second over all connections, evenly spread; as many as are answered unless told. */
  readonly rate?: number | undefined;
  /** Whole HTTP requests; connection n sends the n-th again and again. */
  readonly requests: readonly string[];
  /** What the body of the n-th one's answers must contain; an answer without it is wrong. */
  readonly expected: readonly string[];
  /** Answers that are neither right nor wrong: refusals that the scenario is about. */
  readonly shed?: string;
  /** Puts the refresh token of each answer into the next request of its connection. */
  readonly chained?: boolean;
  /** Puts a number that no request had before in the place of each request's `serialText`. */
  readonly numbered?: boolean;
};

export const serialText = 'serial-00000000';

export type LoadResult = {
  /** Right answers. */
  readonly count: number;
  readonly shed: number;
  readonly seconds: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  /** The first answers that were wrong, shortened, and how many there were. */
  readonly wrong: readonly string[];
  readonly wrongCount: number;
};

export type Generator = {
  readonly pid: number;
  run(load: Load): Promise<LoadResult>;
  stop(): Promise<void>;
};

/** A generator in a process of its own, on these cores. */
export async function startGenerator(cores: string): Promise<Generator> {
  const child = fork(fileURLToPath(new URL('load-generator.ts', import.meta.url)), [], {
    execArgv: ['--import', 'tsx'],
  });
  await once(child, 'message');
  const pid = child.pid ?? 0;
  pin(pid, cores);
  return {
    pid,
    run: async (load) => {
      const answer = once(child, 'message');
      child.send(load);
      return (await answer)[0];
    },
    stop: async () => {
      const exited = once(child, 'exit');
      child.disconnect();
      await exited;
    },
  };
}
