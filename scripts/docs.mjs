// `npm run docs`: builds the site of docs/ and serves it on this machine. With `--build` it only
// builds. The generator is large and is installed apart, once.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { writeApiReference } from './api-reference.mjs';

const docs = fileURLToPath(new URL('../docs', import.meta.url));

function run(program, ...args) {
  const { status } = spawnSync(program, args, { cwd: docs, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

if (!existsSync(`${docs}/node_modules/vitepress`)) run('npm', 'ci');
writeApiReference();
run('npx', '--no-install', 'vitepress', 'build', '.');
if (!process.argv.includes('--build'))
  run('npx', '--no-install', 'vitepress', 'preview', '.', '--host', '127.0.0.1');
