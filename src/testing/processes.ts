import { startCommand } from './command-line.ts';
import { freePort } from './free-port.ts';

type Line = Readonly<Record<string, unknown>>;

/** `latchkey start` in processes of its own. */
export type ServerProcess = {
  readonly url: string;
  readonly metricsUrl: string;
  readonly pid: number;
  /** The log so far. */
  readonly lines: Line[];
  /** Waits up to half a minute for `count` matching lines of the log. */
  waitForLines(count: number, fits: (line: Line) => boolean): Promise<Line[]>;
  /** How the process ended, once it has. */
  readonly ended: Promise<{
    readonly status: number | null;
    readonly signal: NodeJS.Signals | null;
  }>;
  signal(name: NodeJS.Signals): void;
};

/** Starts the server on free ports, or the given one; resolves once every worker serves. */
export async function startProcess(
  env: Record<string, string>,
  { port: given }: { readonly port?: number } = {},
): Promise<ServerProcess> {
  const [port, metricsPort] = [given ?? (await freePort()), await freePort()];
  const child = startCommand(['start'], {
    ...env,
    HOST: '127.0.0.1',
    PORT: String(port),
    METRICS_PORT: String(metricsPort),
  });
  const lines: Line[] = [];
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n');
    rest = parts.pop() ?? '';
    lines.push(...parts.map((part): Line => JSON.parse(part)));
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  let hasEnded = false;
  const ended = new Promise<{ status: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('close', (status, signal) => {
      hasEnded = true;
      resolve({ status, signal });
    });
  });
  const server: ServerProcess = {
    url: `http://127.0.0.1:${port}`,
    metricsUrl: `http://127.0.0.1:${metricsPort}/metrics`,
    pid: child.pid ?? 0,
    lines,
    ended,
    signal: (name) => void child.kill(name),
    waitForLines: async (count, fits) => {
      for (let waited = 0; waited < 60_000; waited += 20) {
        const found = lines.filter(fits);
        if (found.length >= count) return found;
        if (hasEnded) break;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      throw new Error(
        `The lines did not come. ${errors}${lines.map((line) => JSON.stringify(line)).join('\n')}`,
      );
    },
  };
  await server.waitForLines(Number(env['WORKERS'] ?? 1), ({ event }) => event === 'server.started');
  return server;
}
