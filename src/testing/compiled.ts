import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inject } from 'vitest';
import { tsc } from '../../scripts/tsc.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** Modules that tests start as processes and that the build leaves out. */
const startedByTests = ['crash-child.ts', 'stepped-db.ts'].map((name) =>
  join(root, 'src', 'testing', name),
);
/** Files and folders that the code reads relative to its own folder. */
const beside = ['drizzle', 'node_modules', 'package.json', 'schema.graphql', 'scripts'];

/**
 * A folder with the sources as JavaScript, compiled once: processes that compile the sources at
 * start-up take three times as long. Types are not checked here.
 */
export function compiledSources(): string {
  const folder = join(inject('scratchFolder'), 'compiled');
  makeOnce(folder, () => compile(folder));
  return join(folder, 'dist');
}

/**
 * The program `latchkey` bundled into few files as in the package: it starts in half the time of
 * the compiled sources.
 */
export function bundledProgram(): string {
  const dist = compiledSources();
  const target = join(dirname(dist), 'bundled');
  makeOnce(target, () => bundle(dist, target));
  return join(target, 'main.js');
}

/** Milliseconds between two looks at what another worker makes. */
const pause = 100;

/** Makes it in the first worker that asks; the others wait for it. */
function makeOnce(target: string, make: () => void): void {
  const [claimed, done] = [`${target}.claimed`, `${target}.done`];
  const failed = `${target}.failed`;
  if (existsSync(done)) return;
  if (!claim(claimed)) {
    while (!existsSync(done)) {
      if (existsSync(failed)) throw new Error(readFileSync(failed, 'utf8'));
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pause);
    }
    return;
  }
  try {
    make();
  } catch (error) {
    writeFileSync(failed, String(error));
    throw error;
  }
  writeFileSync(done, '');
}

/** Whether this worker is the first that asks. */
function claim(path: string): boolean {
  try {
    mkdirSync(path);
    return true;
  } catch {
    return false;
  }
}

function bundle(dist: string, target: string): void {
  const made = spawnSync(process.execPath, [join(root, 'scripts', 'bundle.mjs'), dist, target], {
    encoding: 'utf8',
  });
  if (made.status !== 0) throw new Error(made.stderr);
  cpSync(join(dist, 'domain/emails/templates'), join(target, 'domain/emails/templates'), {
    recursive: true,
  });
  linkConsole(target);
}

/** Built with the sources of the first test that asks, and kept: it takes seconds. */
function linkConsole(target: string): void {
  const page = join(root, 'node_modules', '.cache', 'latchkey', 'console');
  const script = join(root, 'scripts', 'build-console.mjs');
  const made = spawnSync(process.execPath, [script, page], { encoding: 'utf8' });
  if (made.status !== 0) throw new Error(made.stderr);
  mkdirSync(join(target, 'pages'));
  symlinkSync(page, join(target, 'pages', 'console'));
}

function compile(folder: string): void {
  mkdirSync(folder);
  for (const name of beside) symlinkSync(join(root, name), join(folder, name));
  const dist = join(folder, 'dist');
  const config = join(folder, 'tsconfig.json');
  const compilerOptions = { outDir: dist, noCheck: true };
  const build = join(root, 'tsconfig.build.json');
  writeFileSync(config, JSON.stringify({ extends: build, compilerOptions, files: startedByTests }));
  const made = spawnSync(process.execPath, [tsc, '--project', config], { encoding: 'utf8' });
  if (made.status !== 0) throw new Error(made.stdout);
  for (const path of readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })) {
    if (extname(path) === '.liquid') cpSync(join(root, 'src', path), join(dist, path));
  }
}
