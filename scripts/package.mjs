// `npm run package`: builds, packs, and tries the tarball in an empty project as npm installs it
// there. What it leaves behind is to be published: `npm publish latchkey-….tgz`. npm itself would
// pack without a build, because no install scripts run here.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

function run(command, ...args) {
  const env = { ...process.env, PACKAGE: `latchkey-${version}.tgz` };
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit', env });
  if (status !== 0) process.exit(1);
}

run(process.execPath, 'scripts/build.mjs');
run('npm', 'pack', '--silent');
run('npx', '--no-install', 'vitest', 'run', '--project', 'postgres', 'src/package.test.ts');
