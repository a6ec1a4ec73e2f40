// `npm run check`: formatting, lint, types, schema and migrations. As many commands at once as
// there are cores; each prints what it has to say when it ends.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
/** The slowest first. */
const commands = [
  ['tsc', '--noEmit'],
  ['tsc', '--noEmit', '-p', 'examples'],
  ['biome', 'check', '.'],
  ['tsc', '--noEmit', '-p', 'packages/client'],
  ['tsc', '--noEmit', '-p', 'apps/console'],
  ['tsc', '--noEmit', '-p', 'src/http/pages/graphiql/page'],
  ['node', 'scripts/db-check.mjs'],
  ['node', 'scripts/schema.mjs', '--check'],
  ['node', 'scripts/snippets.mjs', '--check'],
  ['tsc', '--noEmit', '-p', 'packages/verify'],
];

async function run([program, ...args]) {
  const [command, all] =
    program === 'node' ? [process.execPath, args] : ['npx', ['--no-install', program, ...args]];
  const child = spawn(command, all, { cwd: root });
  const output = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => output.push(data));
  const [status] = await once(child, 'close');
  process.stdout.write(Buffer.concat(output));
  if (status === 0) return;
  process.exitCode = 1;
  process.stderr.write(`\`${program} ${args.join(' ')}\` failed.\n`);
}

async function runNext() {
  for (let command = commands.shift(); command; command = commands.shift()) await run(command);
}

await Promise.all(Array.from({ length: availableParallelism() }, runNext));
