// `npm start`: a Latchkey server for development, the graph of posts, and a gateway before both.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { startPosts } from './posts.ts';
import type { Graphs, Running } from './running.ts';

const gateways: Record<string, () => Promise<{ startGateway(graphs: Graphs): Promise<Running> }>> =
  {
    hive: () => import('./hive.ts'),
    apollo: () => import('./apollo.ts'),
    stitch: () => import('./stitch.ts'),
  };

const kind = process.argv[2] ?? 'hive';
const load = gateways[kind];
if (!load) throw new Error(`There is no gateway ${kind}: hive, apollo or stitch.`);

const issuer = 'http://localhost:4000';
const gatewayToken = randomBytes(32).toString('hex');
const root = fileURLToPath(new URL('../..', import.meta.url));
const latchkey = spawn(process.execPath, ['bin/latchkey.js', 'dev'], {
  cwd: root,
  stdio: ['ignore', 'ignore', 'inherit'],
  env: { ...process.env, GATEWAY_TOKEN: gatewayToken, PORT: '4000', LOG_LEVEL: 'warn' },
});
latchkey.on('exit', (code) => process.exit(code ?? 1));

await isReady(`${issuer}/readyz`);
const posts = await startPosts({ issuer, port: 4001 });
const { startGateway } = await load();
const graphs: Graphs = { auth: `${issuer}/graphql`, posts: posts.url, gatewayToken, port: 4002 };
const gateway = await startGateway(graphs);

const header = 'Authorization: Bearer <accessToken>';
process.stdout.write(`
  Gateway (${kind})  ${gateway.url}
  Latchkey   ${issuer}   codes: ${issuer}/dev/mailbox
  Posts      ${posts.url}

  Register and verify through the gateway, then, with the header ${header}:

    mutation { createPost(title: "Hello") { id } }
    { posts { title author { name } } me { email } }

`);

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    await gateway.stop();
    await posts.stop();
    latchkey.kill('SIGTERM');
  });
}

async function isReady(url: string): Promise<void> {
  for (let tries = 0; tries < 120; tries += 1) {
    const answer = await fetch(url).catch(() => null);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error('Latchkey did not start.');
}
