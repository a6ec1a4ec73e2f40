// `npm run screenshots`: pictures of every account page, in light and dark, at 320 and 1280 px, in
// English, Arabic and Japanese, of the pages of development and of the console, made on the tests'
// way through them. It needs Chromium.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = `${root}screenshots`;
rmSync(folder, { recursive: true, force: true });
const tests = [
  'src/http/pages/account/pages.browser.test.ts',
  'src/http/pages/mailbox.browser.test.ts',
  'src/http/pages/console-screens.browser.test.ts',
];
const names = 'every page in (en|ar|ja):|as the start page|PG-1 PG-10 every screen';
const { status } = spawnSync(
  'npx',
  ['--no-install', 'vitest', 'run', ...tests, '--project', 'postgres', '-t', names],
  { cwd: root, stdio: 'inherit', env: { ...process.env, SCREENSHOTS: folder } },
);
const count = existsSync(folder) ? readdirSync(folder).length : 0;
if (count === 0) {
  process.stderr.write('No picture was made. Is Chromium installed (/usr/bin/chromium)?\n');
  process.exitCode = 1;
} else {
  process.stdout.write(`${count} pictures are in screenshots/.\n`);
  process.exitCode = status ?? 1;
}
