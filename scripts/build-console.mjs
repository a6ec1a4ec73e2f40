// Builds the administrators' console into a directory: node scripts/build-console.mjs OUTDIR
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync } from 'node:zlib';
import { parse } from 'graphql';
import { buildPage } from './build-page.mjs';

const client = fileURLToPath(new URL('../packages/client/src', import.meta.url));

const root = fileURLToPath(new URL('../apps/console', import.meta.url));

await buildPage({
  script: fileURLToPath(import.meta.url),
  root,
  folders: [client],
  packages: ['@apollo/client', 'graphql', 'react', 'react-dom', 'rxjs', 'vite', 'wouter'],
  vite: {
    base: '/console/',
    plugins: [{ name: 'documents', enforce: 'pre', transform: parseDocuments }],
    resolve: {
      alias: [
        { find: /^@latchkey\/client$/, replacement: `${client}/index.ts` },
        { find: /^@latchkey\/client\/(.+)$/, replacement: `${client}/$1.ts` },
      ],
      // Two copies of either would not know of each other.
      dedupe: ['react', 'react-dom', 'graphql', '@apollo/client'],
      // Of rxjs, its code without helpers for browsers from before 2015.
      conditions: ['es2015', 'module', 'browser', 'production'],
    },
    build: {
      assetsDir: 'assets',
      // A file in an address of its own would be no file of 'self'.
      assetsInlineLimit: 0,
      license: { fileName: 'licenses.md' },
    },
  },
  finish: compress,
});

/** GraphQL that stands in the code as text, parsed here: the parser is a tenth of the rest. */
function parseDocuments(code, id) {
  if (!id.startsWith(root)) return null;
  return code.replaceAll(/\bgql`([^`]*)`/g, (_all, text) =>
    JSON.stringify(parse(text, { noLocation: true })),
  );
}

/** Beside each file what a browser that takes Brotli gets, so that no request waits for it. */
async function compress(directory) {
  const folder = join(directory, 'assets');
  for (const name of await readdir(folder)) {
    const bytes = await readFile(join(folder, name));
    await writeFile(join(folder, `${name}.br`), brotliCompressSync(bytes));
  }
}
