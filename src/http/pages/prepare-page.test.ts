import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildPageOnce, preparePage } from './prepare-page.ts';

// Kept between runs: a build takes seconds.
const dataDirectory = 'node_modules/.cache/latchkey';
const logged: unknown[] = [];
const log = {
  info: (...entry: unknown[]) => logged.push(entry),
  error: (...entry: unknown[]) => logged.push(entry),
};

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'built-page-'));
});
afterAll(() => rm(directory, { recursive: true }));

async function build(source: string, signal?: AbortSignal): Promise<void> {
  const script = join(directory, 'build.mjs');
  await writeFile(script, source);
  const stop = signal === undefined ? {} : { signal };
  return buildPageOnce({ name: 'GraphiQL', directory, script, log, ...stop });
}

describe('buildPageOnce', () => {
  it('rejects with the output of the build, and logs it', async () => {
    logged.length = 0;
    await expect(
      build("process.stderr.write('no vite here'); process.exitCode = 1;"),
    ).rejects.toThrow('no vite here');
    expect(logged).toEqual([
      [
        { status: 1, output: 'no vite here' },
        'GraphiQL could not be built. The API is not affected.',
      ],
    ]);
  });

  it('passes none of our environment to the build', async () => {
    await expect(
      build('console.log(Object.keys(process.env).join()); process.exitCode = 1;'),
    ).rejects.toThrow('The build ended with status 1.');
  });

  it('stops a build when the server closes', async () => {
    await expect(build('setInterval(() => {}, 1000);', AbortSignal.timeout(300))).rejects.toThrow(
      'The server is closing.',
    );
  });
});

describe('preparePage', () => {
  it('may fail before the first request', async () => {
    // Vitest fails for an unhandled rejection.
    preparePage('graphiql', { dataDirectory, log, signal: AbortSignal.abort() });
    await sleep(50);
  });

  it('builds a page of our own files, once', { timeout: 300_000 }, async () => {
    const page = preparePage('graphiql', { dataDirectory, log });
    await page.ready;
    const file = join(page.directory, 'index.html');
    const index = await readFile(file, 'utf8');
    expect(index).toContain('<title>GraphiQL</title>');
    for (const [, attributes, inline] of index.matchAll(/<script([^>]*)>(.*?)<\/script>/gs)) {
      expect(attributes).toMatch(/ src="\/dev\/graphiql\/[\w-]+\.js"/);
      expect(inline).toBe('');
    }
    expect(index.replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:|src="\/\//);

    const { mtimeMs } = await stat(file);
    await preparePage('graphiql', { dataDirectory, log }).ready;
    expect((await stat(file)).mtimeMs).toBe(mtimeMs);
  });
});
