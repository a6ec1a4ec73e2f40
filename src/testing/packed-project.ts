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
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The tarball to test, from `npm run package`. Without one, the package is assembled from the
 * modules of this checkout that applications import.
 */
export const tarball: string | undefined = process.env['PACKAGE'];

export type PackedProject = {
  readonly folder: string;
  /** Whether a package is installed. */
  readonly has: (name: string) => boolean;
  write(name: string, text: string): string;
  /**
   * The output of a program of the project or of this checkout; throws with the output if it fails.
   */
  run(program: 'node' | 'npm' | 'npx' | 'tsc', args: readonly string[]): string;
  remove(): void;
};

const root = fileURLToPath(new URL('../..', import.meta.url));
const require = createRequire(import.meta.url);
const tsc = require.resolve('typescript/bin/tsc');
const peers = [
  '@apollo/client',
  '@urql/core',
  '@urql/exchange-auth',
  'react',
  'rxjs',
  '@types/node',
  '@types/react',
];

/** A new application that has only this package and its peer dependencies installed. */
export function createPackedProject(): PackedProject {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-package-'));
  const write = (name: string, text: string): string => {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    return path;
  };
  const start = (command: string, args: readonly string[], cwd = folder): string => {
    const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' });
    if (status !== 0)
      throw new Error(`${command} ${args[0]} ended with ${status}:\n${stdout}${stderr}`);
    return stdout;
  };
  const run: PackedProject['run'] = (program, args) => {
    if (program === 'tsc') return start(process.execPath, [tsc, ...args]);
    return start(program === 'node' ? process.execPath : program, args);
  };
  write('package.json', JSON.stringify({ name: 'empty', private: true, type: 'module' }));

  if (tarball === undefined) {
    const latchkey = join(folder, 'node_modules', 'latchkey');
    mkdirSync(latchkey, { recursive: true });
    for (const name of ['package.json', 'schema.graphql', 'bin', 'drizzle']) {
      cpSync(join(root, name), join(latchkey, name), { recursive: true });
    }
    start(
      process.execPath,
      [tsc, '-p', 'tsconfig.client.json', '--outDir', join(latchkey, 'dist')],
      root,
    );
    start(
      process.execPath,
      ['scripts/introspection.mjs', join(latchkey, 'dist', 'introspection.json')],
      root,
    );
    link(join(root, 'node_modules'), join(folder, 'node_modules'));
    const gateways = join(root, 'examples', 'gateway', 'node_modules');
    if (existsSync(gateways)) link(gateways, join(folder, 'node_modules'));
  } else {
    start('npm', [
      'install',
      '--no-audit',
      '--no-fund',
      '--ignore-scripts',
      resolve(tarball),
      ...peers.map(pinned),
    ]);
  }
  const has = (name: string): boolean => existsSync(join(folder, 'node_modules', name));
  return { folder, has, write, run, remove: () => rmSync(folder, { recursive: true }) };
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

function pinned(name: string): string {
  return `${name}@${require(join(root, 'package.json')).devDependencies[name]}`;
}
