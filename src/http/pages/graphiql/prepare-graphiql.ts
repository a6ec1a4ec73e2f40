import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FastifyBaseLogger } from 'fastify';

export type GraphiqlPage = {
  readonly directory: string;
  /**
   * Resolves once `directory` holds the page; rejects, with a text to show, where it could not be
   * built.
   */
  readonly ready: Promise<void>;
};

export type PrepareGraphiqlOptions = {
  /** Where development keeps what it makes; the page is built into its folder `graphiql`. */
  readonly dataDirectory: string;
  readonly log: Pick<FastifyBaseLogger, 'info' | 'error'>;
  /** Stops a build that still runs. */
  readonly signal?: AbortSignal;
  /** The build waits for it: on a small machine it would hold up the server's own start. */
  readonly after?: Promise<unknown>;
};

/**
 * The page that the published package brings along, or else, in a checkout, one that is built now
 * unless it is up to date.
 */
export function prepareGraphiql({
  dataDirectory,
  after,
  ...options
}: PrepareGraphiqlOptions): GraphiqlPage {
  const shipped = fileURLToPath(new URL('../graphiql-page', import.meta.url));
  if (existsSync(join(shipped, 'index.html')))
    return { directory: shipped, ready: Promise.resolve() };
  const script = fileURLToPath(new URL('../../../../scripts/build-graphiql.mjs', import.meta.url));
  const directory = join(dataDirectory, 'graphiql');
  const ready = Promise.resolve(after).then(() =>
    buildGraphiqlOnce({ ...options, directory, script }),
  );
  // It may fail long before a route asks for it, and an unhandled rejection would end the process.
  ready.catch(() => {});
  return { directory, ready };
}

export type BuildOptions = Omit<PrepareGraphiqlOptions, 'dataDirectory' | 'after'> & {
  readonly directory: string;
  readonly script: string;
};

/**
 * Runs the build in a process of its own, so that the server answers meanwhile; a few seconds the
 * first time, none where the directory is up to date. Rejects with what the build printed, after
 * logging it.
 */
export async function buildGraphiqlOnce({
  directory,
  script,
  log,
  signal,
}: BuildOptions): Promise<void> {
  const started = performance.now();
  const { status, output } = await run(script, directory, signal);
  if (signal?.aborted) throw new Error('The server is closing.');
  if (status !== 0) {
    log.error({ status, output }, 'GraphiQL could not be built. The API is not affected.');
    throw new Error(output || `The build ended with status ${status}.`);
  }
  // It prints nothing where there was nothing to do.
  if (output !== '')
    log.info(
      { seconds: Math.round((performance.now() - started) / 100) / 10 },
      'GraphiQL is built.',
    );
}

function run(script: string, directory: string, signal: AbortSignal | undefined) {
  return new Promise<{ status: number | null; output: string }>((resolve) => {
    const child = spawn(process.execPath, [script, directory], {
      // SECURITY: the build needs none of our environment, and our environment may hold secrets.
      env: {},
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(signal === undefined ? {} : { signal }),
    });
    let output = '';
    const collect = (chunk: string): void => {
      output = (output + chunk).slice(-4000);
    };
    child.stdout.setEncoding('utf8').on('data', collect);
    child.stderr.setEncoding('utf8').on('data', collect);
    child.on('error', (error) => resolve({ status: null, output: error.message }));
    child.on('close', (status) => resolve({ status, output: output.trim() }));
  });
}
