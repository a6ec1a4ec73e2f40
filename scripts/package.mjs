// `npm run package`: builds, packs the server and the packages for apps, and tries the tarballs in
// empty projects as npm installs them there. They are what is to be published: `npm publish
// NAME.tgz`. npm itself would pack without a build, because no install scripts run here. Arguments
// name the tests to run, in place of both.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { external } from './external.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const asked = process.argv.slice(2);
const tests = asked.length > 0 ? asked : ['src/package.test.ts', 'src/installed.test.ts'];

function run(command, ...args) {
  const env = { ...process.env, PACKED: 'true' };
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit', env });
  if (status !== 0) process.exit(1);
}

/** The manifest as an installation needs it: what the bundle holds is not installed again. */
function installedManifest() {
  const text = readFileSync(join(root, 'package.json'), 'utf8');
  const { dependencies, devDependencies, overrides, scripts, workspaces, ...kept } =
    JSON.parse(text);
  const outside = Object.entries(dependencies).filter(([name]) =>
    external.some((pattern) => pattern.test(name)),
  );
  return { ...kept, dependencies: Object.fromEntries(outside) };
}

run(process.execPath, 'scripts/build.mjs');
const server = mkdtempSync(join(tmpdir(), 'latchkey-pack-'));
process.on('exit', () => rmSync(server, { recursive: true, force: true }));
const manifest = installedManifest();
for (const name of [...manifest.files, 'LICENSE', 'README.md'])
  cpSync(join(root, name), join(server, name), { recursive: true });
writeFileSync(join(server, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
run('npm', 'pack', '--silent', server, './packages/client', './packages/verify');
run('npx', '--no-install', 'vitest', 'run', '--project', 'postgres', ...tests);
