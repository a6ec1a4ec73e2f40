import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FastifyBaseLogger } from 'fastify';

/** A page that Vite builds. */
export type BuiltPage = {
  readonly directory: string;
  /**
   * Resolves once `directory` holds the page; rejects, with a text to show, where it could not be
   * built.
   */
  readonly ready: Promise<void>;
};

/** Where the published package has each page, from here, and what builds it in a checkout. */
const pages = {
  graphiql: { name: 'GraphiQL', shipped: './graphiql-page', script: 'build-graphiql.mjs' },
  console: { name: 'The console', shipped: '../../pages/console', script: 'build-console.mjs' },
} as const;

type PageName = keyof typeof pages;

export type PreparePageOptions = {
  /** Where development keeps what it makes; the page is built into a folder of its name. */
  readonly dataDirectory: string;
  readonly log: Pick<FastifyBaseLogger, 'info' | 'error'>;
  /** Stops a build that still runs. */
  readonly signal?: AbortSignal;
  /** The build waits for it: on a small machine it would hold up the server's own start. */
  readonly after?: Promise<unknown>;
};

/** The page that the published package brings along; null in a checkout. */
export function shippedPage(page: PageName): BuiltPage | null {
  const directory = fileURLToPath(new URL(pages[page].shipped, import.meta.url));
  return existsSync(join(directory, 'index.html')) ? { directory, ready: Promise.resolve() } : null;
}

/** The shipped page, or else, in a checkout, one that is built now unless it is up to date. */
export function preparePage(
  page: PageName,
  { dataDirectory, after, ...options }: PreparePageOptions,
): BuiltPage {
  const shipped = shippedPage(page);
  if (shipped !== null) return shipped;
  const { name, script: file } = pages[page];
  const script = fileURLToPath(new URL(`../../../scripts/${file}`, import.meta.url));
  const directory = join(dataDirectory, page);
  const ready = Promise.resolve(after).then(() =>
    buildPageOnce({ ...options, name, directory, script }),
  );
  // It may fail long before a route asks for it, and an unhandled rejection would end the process.
  ready.catch(() => {});
  return { directory, ready };
}

export type BuildOptions = Pick<PreparePageOptions, 'log' | 'signal'> & {
  /** As people read it. */
  readonly name: string;
  readonly directory: string;
  readonly script: string;
};

/**
 * Runs the build in a process of its own, so that the server answers meanwhile; a few seconds the
 * first time, none where the directory is up to date. Rejects with what the build printed, after
 * logging it.
 */
export async function buildPageOnce({
  name,
  directory,
  script,
  log,
  signal,
}: BuildOptions): Promise<void> {
  const started = performance.now();
  const { status, output } = await run(script, directory, signal);
  if (signal?.aborted) throw new Error('The server is closing.');
  if (status !== 0) {
    log.error({ status, output }, `${name} could not be built. The API is not affected.`);
    throw new Error(output || `The build ended with status ${status}.`);
  }
  // It prints nothing where there was nothing to do.
  if (output !== '')
    log.info(
      { seconds: Math.round((performance.now() - started) / 100) / 10 },
      `${name} is built.`,
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
