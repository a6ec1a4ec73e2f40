// Builds the GraphiQL page into a directory: node scripts/build-graphiql.mjs OUTDIR
// Does nothing where OUTDIR was built from the same inputs.
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';

const project = fileURLToPath(new URL('..', import.meta.url));
const page = join(project, 'src/http/pages/graphiql/page');
const stampName = 'built-from.txt';

const [target] = process.argv.slice(2);
if (target === undefined) {
  process.stderr.write('Usage: node scripts/build-graphiql.mjs OUTDIR\n');
  process.exit(2);
}
const outDir = resolve(target);
const stamp = await digestOfInputs();
if (!(await isUpToDate())) {
  try {
    await buildPage();
    process.stdout.write(`Built ${target}\n`);
  } catch (error) {
    // What the server shows in its log and in place of the page: the text alone, without colours
    // and stack.
    process.stderr.write(`${stripVTControlCharacters(error.message)}\n`);
    process.exitCode = 1;
  }
}

async function buildPage() {
  const { build } = await import('vite');
  // Made beside its place and moved in whole: a server never serves a partial page, and two builds
  // do not mix.
  const made = join(dirname(outDir), `.${basename(outDir)}-${process.pid}`);
  await mkdir(made, { recursive: true });
  try {
    await build({
      configFile: false,
      envDir: false,
      root: page,
      base: '/',
      mode: 'production',
      logLevel: 'silent',
      worker: { format: 'es' },
      build: {
        outDir: made,
        emptyOutDir: true,
        assetsDir: 'dev/graphiql',
        sourcemap: false,
        // The policy of the page allows no inline script; a polyfill for old browsers would be the
        // only one.
        modulePreload: { polyfill: false },
        chunkSizeWarningLimit: 10_000,
      },
    });
    await writeFile(join(made, stampName), stamp);
    await rm(outDir, { recursive: true, force: true });
    await rename(made, outDir).catch(async (error) => {
      // Another build of the same inputs finished first.
      if (!(await isUpToDate())) throw error;
    });
  } finally {
    await rm(made, { recursive: true, force: true });
  }
}

async function isUpToDate() {
  return (await readFile(join(outDir, stampName), 'utf8').catch(() => '')) === stamp;
}

/** The page's sources, this script and the versions of what goes in. */
async function digestOfInputs() {
  const hash = createHash('sha256');
  const names = (await readdir(page)).sort();
  for (const file of [...names.map((name) => join(page, name)), fileURLToPath(import.meta.url)]) {
    hash.update(`${basename(file)}\n`).update(await readFile(file));
  }
  const require = createRequire(import.meta.url);
  for (const name of ['graphiql', '@graphiql/react', 'react', 'react-dom', 'graphql', 'vite']) {
    hash.update(`${name} ${require(`${name}/package.json`).version}\n`);
  }
  return hash.digest('hex');
}
