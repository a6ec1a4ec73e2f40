// Compiles to dist/ and packages/*/dist/, which is what the packages hold. --server: only the
// server, for a container image.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { tsc } from './tsc.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const serverOnly = process.argv.includes('--server');

function run(...args) {
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(1);
}

rmSync(dist, { recursive: true, force: true });
// Compiled beside node_modules, where the bundler finds the packages. By tsc: what it says of types
// and decorators holds.
const compiled = mkdtempSync(join(root, '.build-'));
process.on('exit', () => rmSync(compiled, { recursive: true, force: true }));
run(tsc, '--project', 'tsconfig.build.json', '--outDir', compiled);
run(join(root, 'scripts', 'bundle.mjs'), compiled, dist);
// What the code reads beside itself at run time.
for (const path of readdirSync(join(root, 'src'), { recursive: true })) {
  if (extname(path) === '.liquid')
    cpSync(join(root, 'src', path), join(dist, path), { recursive: true });
}
run(join(root, 'scripts', 'build-console.mjs'), join('dist', 'pages', 'console'));

if (!serverOnly) {
  run(join(root, 'scripts', 'introspection.mjs'), join(dist, 'introspection.json'));
  run(join(root, 'scripts', 'build-graphiql.mjs'), join('dist', 'http', 'pages', 'graphiql-page'));
  for (const name of ['client', 'verify']) {
    const folder = join('packages', name);
    rmSync(join(root, folder, 'dist'), { recursive: true, force: true });
    run(tsc, '--project', folder);
  }
  // For the code generators of apps: servers in production answer no introspection.
  cpSync(join(root, 'schema.graphql'), join(root, 'packages/client/dist/schema.graphql'));
  run(join(root, 'scripts', 'build-react-app.mjs'), join('dist', 'react-app'));
}
