// What `latchkey init --react` copies: examples/react, and beside it the packed client, which is in
// no registry. Argument: the folder. After packages/client is compiled.
import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const to = resolve(process.argv[2] ?? '');
rmSync(to, { recursive: true, force: true });
cpSync(join(root, 'examples', 'react'), to, {
  recursive: true,
  filter: (path) => !['node_modules', 'dist', '.data'].includes(basename(path)),
});
const args = ['pack', '--silent', join(root, 'packages', 'client'), '--pack-destination', to];
const { status, stdout, stderr } = spawnSync('npm', args, { encoding: 'utf8' });
if (status !== 0) {
  process.stderr.write(stderr);
  process.exit(1);
}
const file = join(to, 'package.json');
const manifest = JSON.parse(readFileSync(file, 'utf8'));
manifest.name = 'my-app';
manifest.dependencies['@latchkey/client'] = `file:${stdout.trim()}`;
writeFileSync(file, `${JSON.stringify(manifest, null, 2)}\n`);
