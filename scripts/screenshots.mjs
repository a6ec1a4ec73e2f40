// `npm run screenshots`: pictures of every account page into screenshots/, in light and dark, at
// 320 and 1280 px, in English, Arabic and Japanese, made on the test's way through the pages. It
// needs Chromium.
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = `${root}screenshots`;
rmSync(folder, { recursive: true, force: true });
const test = 'src/http/pages/account/pages.browser.test.ts';
const child = spawn('npx', ['--no-install', 'vitest', 'run', test, '--project', 'postgres'], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, SCREENSHOTS: folder },
});
child.on('exit', (status) => {
  process.exitCode = status ?? 1;
});
