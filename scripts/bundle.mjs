// Puts the compiled server and the packages that it imports into few files: node scripts/bundle.mjs
// COMPILED DIST Finding and reading more than a thousand modules took most of a start
// (docs/decisions/030-bundled-server.md).
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { join, posix, relative, resolve } from 'node:path';
import { rolldown } from 'rolldown';
import { external } from './external.mjs';

const [from = '', to = ''] = process.argv.slice(2);
const compiled = resolve(from);
const dist = resolve(to);
/** Stands for the way from a chunk to dist/, until it is known in which chunk a module ends up. */
const distToken = 'LATCHKEY_DIST';
const httpId = '\0node-http';
const undiciNames = new Set(['WebSocket', 'CloseEvent', 'MessageEvent']);

const bundle = await rolldown({
  input: Object.fromEntries(
    // A thread is begun by the name of its file.
    ['main', 'domain/passwords/strength-thread'].map((name) => [
      name,
      join(compiled, `${name}.js`),
    ]),
  ),
  platform: 'node',
  external,
  plugins: [
    { name: 'latchkey', resolveId: oneGraphql, transform: keepPlace, renderChunk: fillPlace },
    { name: 'http-alone', resolveId: httpAlone, load: httpOnly },
  ],
  onLog: (level, log, handle) => handle(level === 'warn' && isOurs(log.id) ? 'error' : level, log),
  logLevel: 'silent',
});
const { output } = await bundle.write({
  dir: dist,
  format: 'esm',
  entryFileNames: '[name].js',
  chunkFileNames: 'server/[name].js',
  // A stack names our functions, and a line of a bundle can be read.
  minify: false,
});
const modules = output.flatMap((chunk) =>
  chunk.type === 'chunk' ? Object.keys(chunk.modules) : [],
);
writeFileSync(join(dist, 'server', 'LICENSES.txt'), licences(modules));

/**
 * Packages import graphql in both of its forms. Each of two copies rejects the types of the other.
 */
async function oneGraphql(source, importer, options) {
  if (!/^graphql(\/|$)/.test(source)) return null;
  const found = await this.resolve(source, importer, { ...options, skipSelf: true });
  return found && { ...found, id: found.id.replace(/\.js$/, '.mjs') };
}

/**
 * `import` of node:http reads every member of it, and for some of them Node 24 loads all of undici:
 * a twelfth of a start. This takes the module as `require` does, and reads all the others. What
 * asks with `require` is left as it is.
 */
function httpAlone(source, _importer, { kind }) {
  return kind === 'import-statement' && /^(node:)?http$/.test(source) ? httpId : null;
}

function httpOnly(id) {
  if (id !== httpId) return null;
  const names = Object.keys(http).filter((name) => !undiciNames.has(name));
  return [
    "const http = process.getBuiltinModule('node:http');",
    'export default http;',
    `export const { ${names.join(', ')} } = http;`,
  ].join('\n');
}

/**
 * What a module reads beside itself stands in dist/ as it stands in src/, wherever the module's
 * code has gone.
 */
function keepPlace(code, id) {
  if (!isOurs(id)) return null;
  const path = relative(compiled, id).replaceAll('\\', '/');
  return {
    code: code.replaceAll(
      'import.meta.url',
      `new URL('${distToken}/${path}', import.meta.url).href`,
    ),
  };
}

function fillPlace(code, chunk) {
  const way = posix.relative(posix.dirname(chunk.fileName), '.') || '.';
  return code.includes(distToken) ? { code: code.replaceAll(distToken, way) } : null;
}

function isOurs(id) {
  return id?.startsWith(compiled) ?? false;
}

/**
 * The licences of the packages whose code is in the bundle: most require that a copy contains them.
 */
function licences(ids) {
  const folders = new Set(
    ids.flatMap((id) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id)?.[0] ?? []),
  );
  const texts = [...folders].sort().map((folder) => {
    const { name, version, license } = JSON.parse(
      readFileSync(join(folder, 'package.json'), 'utf8'),
    );
    const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
    const text =
      file && existsSync(join(folder, file)) ? readFileSync(join(folder, file), 'utf8').trim() : '';
    return { title: `${name} ${version} (${license})`, text };
  });
  return texts.map(({ title, text }) => `${title}\n\n${text}\n`).join(`\n${'-'.repeat(80)}\n\n`);
}
