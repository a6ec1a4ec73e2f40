// Writes what is made of the code's schema: schema.graphql, and the client's operations from that.
// `--check` writes nothing.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const tsx = createRequire(import.meta.url).resolve('tsx/cli');
const options = process.argv.slice(2);

for (const [script, ...args] of [
  [tsx, 'src/main.ts', 'schema'],
  ['scripts/client-operations.mjs'],
]) {
  const { status } = spawnSync(process.execPath, [script, ...args, ...options], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) process.exitCode = 1;
}
