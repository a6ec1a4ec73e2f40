import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { tsc } from '../../scripts/tsc.mjs';

/**
 * Whether `npm run package` has left tarballs to test. Without them the packages are assembled from
 * this checkout, as far as applications import them.
 */
export const isPacked: boolean = process.env['PACKED'] !== undefined;

export type Project = {
  readonly folder: string;
  /** Whether a package is installed. */
  readonly has: (name: string) => boolean;
  write(name: string, text: string): string;
  /**
   * The standard output of a program of the project or of this checkout; throws with the whole
   * output if it fails.
   */
  run(program: 'node' | 'npm' | 'npx' | 'tsc', args: readonly string[]): string;
  /** Lets npm install packages, and answers with all that it says. */
  install(...packages: readonly string[]): string;
  remove(): void;
};

const root = fileURLToPath(new URL('../..', import.meta.url));
const require = createRequire(import.meta.url);
const { version, devDependencies } = require(join(root, 'package.json'));

export const tarballs = {
  server: join(root, `latchkey-${version}.tgz`),
  client: join(root, `latchkey-client-${version}.tgz`),
  verify: join(root, `latchkey-verify-${version}.tgz`),
} as const;

/** An empty project. `nodeFolder` has the Node that runs it and its npm: the one that runs this. */
export function createEmptyProject(nodeFolder: string = dirname(process.execPath)): Project {
  const project = openProject(mkdtempSync(join(tmpdir(), 'latchkey-project-')), nodeFolder);
  project.write('package.json', JSON.stringify({ name: 'empty', private: true, type: 'module' }));
  return project;
}

/** The project in a folder that has a package.json, or gets one. */
export function openProject(folder: string, nodeFolder: string): Project {
  const env = { ...process.env, PATH: `${nodeFolder}${delimiter}${process.env['PATH']}` };
  const write = (name: string, text: string): string => {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    return path;
  };
  const start = (command: string, args: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync(command, args, {
      cwd: folder,
      env,
      encoding: 'utf8',
    });
    if (status !== 0)
      throw new Error(`${command} ${args[0]} ended with ${status}:\n${stdout}${stderr}`);
    return { stdout, stderr };
  };
  return {
    folder,
    write,
    has: (name) => existsSync(join(folder, 'node_modules', name)),
    run: (program, args) =>
      (program === 'tsc' ? start('node', [tsc, ...args]) : start(program, args)).stdout,
    install: (...packages) => {
      const quiet = ['--no-audit', '--no-fund', '--ignore-scripts'];
      const { stdout, stderr } = start('npm', ['install', ...quiet, ...packages]);
      return stdout + stderr;
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
}

const peers = [
  '@apollo/client',
  '@urql/core',
  '@urql/exchange-auth',
  'react',
  'rxjs',
  '@types/node',
  '@types/react',
];

/** An app of its own with the packages and their peers. */
export function createPackedProject(): Project {
  const project = createEmptyProject();
  const modules = join(project.folder, 'node_modules');
  if (isPacked) {
    project.install(...Object.values(tarballs), ...peers.map(pinned));
    return project;
  }
  putTogether('.', join(modules, 'latchkey'));
  for (const name of ['client', 'verify'])
    putTogether(join('packages', name), join(modules, '@latchkey', name));
  cpSync(
    join(root, 'schema.graphql'),
    join(modules, '@latchkey', 'client', 'dist', 'schema.graphql'),
  );
  link(join(root, 'node_modules'), modules);
  for (const example of ['gateway', 'backends']) {
    const installed = join(root, 'examples', example, 'node_modules');
    if (existsSync(installed)) link(installed, modules);
  }
  return project;
}

/** A package as far as apps import it: of the server, its schema. */
function putTogether(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const name of ['package.json', 'schema.graphql', 'bin', 'drizzle']) {
    if (existsSync(join(root, from, name)))
      cpSync(join(root, from, name), join(to, name), { recursive: true });
  }
  const dist = join(to, 'dist');
  mkdirSync(dist);
  const [script, ...args] =
    from === '.'
      ? ['scripts/introspection.mjs', join(dist, 'introspection.json')]
      : [tsc, '-p', from, '--outDir', dist];
  const { status, stdout, stderr } = spawnSync(process.execPath, [script ?? '', ...args], {
    cwd: root,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${script} ended with ${status}:\n${stdout}${stderr}`);
}

/** Links every package of one folder into another; scopes are folders of their own. */
function link(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from)) {
    if (name.startsWith('@')) link(join(from, name), join(to, name));
    else if (!name.startsWith('.') && !existsSync(join(to, name)))
      symlinkSync(join(from, name), join(to, name));
  }
}

/** A package at the version that this checkout has. */
export function pinned(name: string): string {
  return `${name}@${devDependencies[name]}`;
}
