// `npm run example apollo-client` (or urql): a Latchkey server for development, and the web app before it.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { createServer } from 'vite';

const app = process.argv[2];
if (app !== 'apollo-client' && app !== 'urql') {
  process.stderr.write(
    'Which example: apollo-client or urql? That of gateways has a folder and a README of its own.\n',
  );
  process.exit(2);
}

const origin = 'http://localhost:3000';
const latchkey = spawn(process.execPath, ['bin/latchkey.js', 'dev'], {
  cwd: fileURLToPath(new URL('..', import.meta.url)),
  stdio: ['ignore', 'ignore', 'inherit'],
  env: { ...process.env, PORT: '4000', CORS_ORIGINS: origin, APP_URL: origin, LOG_LEVEL: 'warn' },
});

const vite = await createServer({
  root: fileURLToPath(new URL(app, import.meta.url)),
  configFile: fileURLToPath(new URL('vite.config.ts', import.meta.url)),
});
await vite.listen();
process.stdout.write(`
  The app    ${origin}/
  Mailbox    http://localhost:4000/dev/mailbox   (the codes that were sent)
`);

const stop = async () => {
  latchkey.kill('SIGTERM');
  await vite.close();
};
latchkey.once('exit', (code) => void vite.close().then(() => process.exit(code ?? 1)));
process.once('SIGINT', stop);
process.once('SIGTERM', stop);
