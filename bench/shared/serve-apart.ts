import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Config } from '../../src/config/read-config.ts';

export type ServeOptions = {
  readonly bcryptCost: number;
  readonly config?: Partial<
    Pick<Config, 'rateLimitMultiplier' | 'trustedProxies' | 'introspection'>
  >;
};

export type Order =
  | { readonly order: 'put'; readonly emails: readonly string[] }
  | { readonly order: 'loop' | 'processor' | 'hash' | 'memory' | 'day' | 'rows' | 'stop' };

export type ServerApart = {
  readonly url: string;
  putAccounts(emails: readonly string[]): Promise<void>;
  /** Milliseconds by which the server's event loop was late since the last time of asking. */
  loopDelay(): Promise<Record<'p99' | 'max', number>>;
  /** Milliseconds of processor time that the server has taken so far. */
  processorTime(): Promise<number>;
  /** Hashes one password, alone; milliseconds of processor time. */
  hash(): Promise<number>;
  /** Bytes, after a garbage collection. */
  memory(): Promise<Record<'heapUsed' | 'rss', number>>;
  /** Advances the clock by a day and purges what has expired. */
  nextDay(): Promise<void>;
  rows(): Promise<Record<string, number>>;
  stop(): Promise<void>;
};

/**
 * A whole server in a process of its own, on an embedded PostgreSQL, with mails that go nowhere.
 */
export async function serveApart(options: ServeOptions): Promise<ServerApart> {
  const path = fileURLToPath(new URL('serve.ts', import.meta.url));
  const child = fork(path, [JSON.stringify(options)], {
    execArgv: ['--expose-gc', '--import', 'tsx'],
  });
  const said = async () => (await once(child, 'message'))[0].said;
  const order = (message: Order) => {
    const answer = said();
    child.send(message);
    return answer;
  };
  const url: string = await said();
  return {
    url,
    putAccounts: (emails) => order({ order: 'put', emails }),
    loopDelay: () => order({ order: 'loop' }),
    processorTime: () => order({ order: 'processor' }),
    hash: () => order({ order: 'hash' }),
    memory: () => order({ order: 'memory' }),
    nextDay: () => order({ order: 'day' }),
    rows: () => order({ order: 'rows' }),
    stop: async () => {
      const exited = once(child, 'exit');
      await order({ order: 'stop' });
      await exited;
    },
  };
}
