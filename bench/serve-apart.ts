import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** Milliseconds by which the server's event loop was late since the last time of asking, and bytes of its memory. */
export type LoopDelay = { readonly p99: number; readonly max: number; readonly rss: number };

export type ServerApart = {
  readonly url: string;
  putAccounts(emails: readonly string[], password: string): Promise<void>;
  loopDelay(): Promise<LoopDelay>;
  stop(): Promise<void>;
};

/** A whole server in a process of its own, with limits ten thousandfold and mails that go nowhere. */
export async function serveApart(options: { bcryptCost: number }): Promise<ServerApart> {
  const path = fileURLToPath(new URL('serve.ts', import.meta.url));
  const child = fork(path, [String(options.bcryptCost)], { execArgv: ['--import', 'tsx'] });
  const answer = async (): Promise<unknown> => (await once(child, 'message'))[0].answer;
  const order = (message: object): Promise<unknown> => {
    const answered = answer();
    child.send(message);
    return answered;
  };
  const url = String(await answer());
  return {
    url,
    putAccounts: async (emails, password) => {
      await order({ order: 'put', emails, password });
    },
    loopDelay: async () => {
      const delay = await order({ order: 'loop' });
      const read = (key: string): number => Number(Reflect.get(Object(delay), key));
      return { p99: read('p99'), max: read('max'), rss: read('rss') };
    },
    stop: async () => {
      const exited = once(child, 'exit');
      await order({ order: 'stop' });
      await exited;
    },
  };
}

/** The value below which this share of the values lies. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
