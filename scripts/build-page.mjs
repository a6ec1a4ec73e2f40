// What the builds of pages have in common: each puts a page into a directory with Vite, once.
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';

const require = createRequire(import.meta.url);
const stampName = 'built-from.txt';

/**
 * Builds the page of `root` into the directory that the command line names. Does nothing where it
 * was built from the same inputs: `folders` and `files` with its sources, and the versions of
 * `packages`. `finish` gets the directory before it is moved to its place.
 */
export async function buildPage({ script, root, folders, packages, vite, finish }) {
  const [target] = process.argv.slice(2);
  if (target === undefined) {
    process.stderr.write(`Usage: node scripts/${basename(script)} OUTDIR\n`);
    process.exit(2);
  }
  const outDir = resolve(target);
  const own = [script, fileURLToPath(import.meta.url)];
  const stamp = await digestOf({ folders: [root, ...folders], files: own, packages });
  if (await isUpToDate(outDir, stamp)) return;
  try {
    await build({ outDir, stamp, root, vite, finish });
    process.stdout.write(`Built ${target}\n`);
  } catch (error) {
    // What the server shows in its log and in place of the page: the text alone, without colours
    // and stack.
    process.stderr.write(`${stripVTControlCharacters(error.message)}\n`);
    process.exitCode = 1;
  }
}

async function build({ outDir, stamp, root, vite, finish }) {
  // Whoever calls may have another, such as that of tests, with which React is another.
  process.env.NODE_ENV = 'production';
  const { build: run } = await import('vite');
  // Made beside its place and moved in whole: a server never serves a partial page, and two builds
  // do not mix.
  const made = join(dirname(outDir), `.${basename(outDir)}-${process.pid}`);
  await mkdir(made, { recursive: true });
  try {
    await run({
      ...vite,
      configFile: false,
      envDir: false,
      root,
      mode: 'production',
      logLevel: 'silent',
      build: {
        ...vite.build,
        outDir: made,
        emptyOutDir: true,
        sourcemap: false,
        // The policy of the page allows no inline script; a polyfill for old browsers would be the
        // only one.
        modulePreload: { polyfill: false },
      },
    });
    await finish?.(made);
    await writeFile(join(made, stampName), stamp);
    await rm(outDir, { recursive: true, force: true });
    await rename(made, outDir).catch(async (error) => {
      // Another build of the same inputs finished first.
      if (!(await isUpToDate(outDir, stamp))) throw error;
    });
  } finally {
    await rm(made, { recursive: true, force: true });
  }
}

async function isUpToDate(outDir, stamp) {
  return (await readFile(join(outDir, stampName), 'utf8').catch(() => '')) === stamp;
}

async function digestOf({ folders, files, packages }) {
  const hash = createHash('sha256');
  const add = async (name, path) => hash.update(`${name}\n`).update(await readFile(path));
  for (const folder of folders) {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const paths = entries
      .filter((entry) => entry.isFile() && !/\.test\.tsx?$/.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name));
    for (const path of paths.sort()) await add(relative(folder, path), path);
  }
  for (const file of files) await add(basename(file), file);
  for (const name of packages) hash.update(`${name} ${versionOf(name)}\n`);
  return hash.digest('hex');
}

/** Of a package that may not export its package.json. */
function versionOf(name) {
  for (const folder of require.resolve.paths(name) ?? []) {
    try {
      return require(join(folder, name, 'package.json')).version;
    } catch {}
  }
  throw new Error(`${name} is not installed.`);
}
