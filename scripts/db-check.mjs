// Fails if the migrations are inconsistent, or if the tables in src/db/tables have changes that no
// migration makes.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const kit = fileURLToPath(new URL('../node_modules/drizzle-kit/bin.cjs', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'latchkey-db-check-'));

/**
 * Runs drizzle-kit on the copy, so that the checkout stays as it is. It exits with 0 also where it
 * failed (a renamed column makes it ask, and without a terminal it gives up), so what counts is
 * that it says `expected`.
 */
function drizzleKit(expected, command, ...args) {
  const out = relative(root, copy);
  const result = spawnSync(
    process.execPath,
    [kit, command, '--dialect=postgresql', `--out=${out}`, ...args],
    {
      cwd: root,
      encoding: 'utf8',
    },
  );
  return result.status === 0 && result.stdout.includes(expected)
    ? null
    : result.stdout + result.stderr;
}

function fail(message) {
  process.exitCode = 1;
  console.error(message);
}

const copy = join(folder, 'drizzle');
try {
  cpSync(join(root, 'drizzle'), copy, { recursive: true });
  const before = new Set(readdirSync(copy));
  const broken = drizzleKit("Everything's fine", 'check');
  const drift = drizzleKit(
    'No schema changes',
    'generate',
    '--schema=./src/db/tables/*.ts',
    '--name=drift',
  );
  const added = readdirSync(copy).filter((name) => !before.has(name));
  if (broken) fail(`The migrations do not fit together:\n${broken}`);
  if (drift) {
    const files = added.length > 0 ? ` (${added.join(', ')} would be new)` : '';
    fail(`src/db/tables and drizzle/ differ${files}. Run: npm run db:generate -- NAME\n${drift}`);
  }
  if (!broken && !drift) console.log('The migrations match the tables.');
} finally {
  rmSync(folder, { recursive: true, force: true });
}
