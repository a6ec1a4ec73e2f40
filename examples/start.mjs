// `npm run example react` (or apollo-client, urql, or gateway): a Latchkey server for development,
// and the example before it.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const [app, kind = 'hive'] = process.argv.slice(2);
const path = (name) => fileURLToPath(new URL(name, import.meta.url));

if (['react', 'apollo-client', 'urql'].includes(app)) await startWebApp();
else if (app === 'gateway') startGateway();
else {
  process.stderr.write('Which example: react, apollo-client, urql or gateway?\n');
  process.exitCode = 2;
}

/** What gateways need is large, and is installed apart from what the server needs. */
function startGateway() {
  if (!existsSync(path('gateway/node_modules'))) {
    const { status } = spawnSync('npm', ['ci', '--prefix', path('gateway')], { stdio: 'inherit' });
    if (status !== 0) process.exit(1);
  }
  const tsx = path('gateway/node_modules/tsx/dist/cli.mjs');
  const started = spawn(process.execPath, [tsx, 'start.ts', kind], {
    cwd: path('gateway'),
    stdio: 'inherit',
  });
  endWith(started);
  started.once('exit', (code) => process.exit(code ?? 1));
}

async function startWebApp() {
  const { createServer } = await import('vite');
  const origin = 'http://localhost:3000';
  const latchkey = spawn(process.execPath, ['bin/latchkey.js', 'dev'], {
    cwd: path('..'),
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, PORT: '4000', CORS_ORIGINS: origin, APP_URL: origin, LOG_LEVEL: 'warn' },
  });
  const vite = await createServer({ root: path(app), configFile: path('vite.config.ts') });
  await vite.listen();
  process.stdout.write(`
  The app    ${origin}/
  Mailbox    http://localhost:4000/dev/mailbox   (the codes that were sent)
  Account    http://localhost:4000/account       (the built-in pages, beside the app's own)
`);
  endWith(latchkey);
  latchkey.once('exit', (code) => void vite.close().then(() => process.exit(code ?? 1)));
}

/**
 * This process ends after the one that it has started. Ctrl-C reaches both by itself, and a second
 * signal would skip the graceful stop.
 */
function endWith(started) {
  process.on('SIGINT', () => {});
  process.once('SIGTERM', () => started.kill('SIGTERM'));
}
