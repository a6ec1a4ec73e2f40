/**
 * Steady `me` and refresh traffic on two servers through three rotations of the signing key; then
 * the key that signs is removed. Real processes, commands and time, on a PostgreSQL and an SMTP
 * server of its own. Ends with status 1 where a request fails or a removed key is taken for more
 * than a minute.
 *
 *   npx tsx bench/rotation-under-load.ts [seconds, 60 unless told]
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { migratePostgres } from '../../src/db/migrate.ts';
import { meQuery, mutate, send } from '../../src/testing/client.ts';
import { startEmbeddedPostgres } from '../../src/testing/embedded-postgres.ts';
import { freePort } from '../../src/testing/free-port.ts';
import { startSmtpStandIn } from '../../src/testing/smtp-stand-in.ts';

const seconds = Number(process.argv[2] ?? 60);
const clientCount = 16;
/** Milliseconds between two requests of a client. */
const pace = 100;
/** Of so many requests of a client one is a refresh. */
const refreshEvery = 5;
/** Seconds that a key is published before it signs, the shortest that the command takes. */
const signsIn = 20;

const out = (line: string): void => void process.stdout.write(`${line}\n`);

const postgres = await startEmbeddedPostgres();
const smtp = await startSmtpStandIn({ startTls: false });
const ports = [await freePort(), await freePort()];
const urls = ports.map((port) => `http://127.0.0.1:${port}`);
const issuer = `http://localhost:${ports[0]}`;
const environment = {
  DATABASE_URL: postgres.url,
  SECRET_KEY: randomBytes(32).toString('base64'),
  PUBLIC_URL: issuer,
  MAIL_TRANSPORT: 'smtp',
  SMTP_URL: `smtp://localhost:${smtp.port}`,
  MAIL_FROM: 'no-reply@example.com',
  RATE_LIMIT_MULTIPLIER: '10000',
  LOG_LEVEL: 'error',
};

function latchkey(args: readonly string[], change: Record<string, string> = {}): ChildProcess {
  return spawn(process.execPath, ['--import', 'tsx', 'src/main.ts', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...environment, ...change },
  });
}

async function command(...args: string[]): Promise<string> {
  const child = latchkey(args);
  const exited = once(child, 'exit');
  const printed = child.stdout ? await text(child.stdout) : '';
  const [status] = await exited;
  if (status !== 0) throw new Error(`latchkey ${args.join(' ')} ended with ${status}.`);
  return printed;
}

async function untilReady(url: string): Promise<void> {
  for (let waited = 0; waited < 600; waited += 1) {
    const isReady = await fetch(`${url}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isReady) return;
    await sleep(100);
  }
  throw new Error('A server did not start.');
}

type Client = { id: string; accessToken: string; refreshToken: string };

async function register(count: number): Promise<Client> {
  const email = `person-${count}@example.com`;
  const url = urls[count % 2] ?? '';
  const challenge = await mutate(url, 'register', {
    email,
    password: 'otter lantern gravel sunday',
  });
  for (;;) {
    const mail = smtp.mails.find(({ to }) => to.includes(email));
    const code = mail && /^(\d{6})\r?$/m.exec(mail.raw)?.[1];
    if (code) {
      const { user, accessToken, refreshToken } = await mutate(url, 'verifyOtp', {
        challengeId: challenge.id,
        code,
      });
      return { id: user.id, accessToken, refreshToken };
    }
    await sleep(50);
  }
}

const latencies = { me: [] as number[], refresh: [] as number[] };
const failures: string[] = [];
const signedBy = new Map<string, number>();
/** A backend that keeps our public keys for ten seconds. */
const jwks = createRemoteJWKSet(new URL(`${urls[1]}/.well-known/jwks.json`), {
  cacheMaxAge: 10_000,
});

async function ask(client: Client, url: string): Promise<void> {
  const begun = performance.now();
  const { data, text: answer } = await send(url, meQuery, {}, { token: client.accessToken });
  latencies.me.push(performance.now() - begun);
  if (data?.me?.id !== client.id) failures.push(answer.slice(0, 300));
}

async function refresh(client: Client, url: string): Promise<void> {
  const begun = performance.now();
  const answer = await mutate(url, 'refreshSession', { refreshToken: client.refreshToken });
  latencies.refresh.push(performance.now() - begun);
  if (answer.__typename !== 'AuthTokens') {
    failures.push(JSON.stringify(answer).slice(0, 300));
    return;
  }
  client.accessToken = answer.accessToken;
  client.refreshToken = answer.refreshToken;
  const kid = decodeProtectedHeader(client.accessToken).kid ?? '';
  signedBy.set(kid, (signedBy.get(kid) ?? 0) + 1);
  await jwtVerify(client.accessToken, jwks, {
    algorithms: ['RS256'],
    issuer,
    audience: issuer,
  }).catch((error) => {
    failures.push(`the backend: ${error}`);
  });
}

async function drive(client: Client, until: number): Promise<void> {
  for (let count = 0; performance.now() < until; count += 1) {
    const due = performance.now() + pace;
    const url = urls[count % 2] ?? '';
    await (count % refreshEvery === 0 ? refresh(client, url) : ask(client, url)).catch(
      (error: unknown) => {
        failures.push(String(error));
      },
    );
    await sleep(Math.max(0, due - performance.now()));
  }
}

function percentiles(values: readonly number[]): string {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): string =>
    `${(sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(0)} ms`;
  return `${sorted.length} requests, p50 ${at(0.5)}, p95 ${at(0.95)}, p99 ${at(0.99)}`;
}

const servers: ChildProcess[] = [];
try {
  await migratePostgres(postgres.url);
  for (const port of ports) {
    servers.push(latchkey(['start'], { PORT: String(port), HOST: '127.0.0.1' }));
  }
  await Promise.all(urls.map(untilReady));
  const clients: Client[] = [];
  for (let count = 0; count < clientCount; count += 1) clients.push(await register(count));
  out(`${clientCount} clients on two servers, ${seconds} s`);

  const begun = performance.now();
  const traffic = Promise.all(clients.map((client) => drive(client, begun + seconds * 1000)));
  // The last one signs for the last sixth at least.
  const gap = Math.max(0, (seconds * 1000 * (5 / 6) - signsIn * 1000) / 3);
  for (let rotation = 0; rotation < 3; rotation += 1) {
    await sleep(Math.max(0, begun + gap * rotation - performance.now()));
    out(
      `${((performance.now() - begun) / 1000).toFixed(1)} s: ${(await command('keys', 'rotate', '--signs-in', String(signsIn))).trim()}`,
    );
  }
  await traffic;
  out(`me:      ${percentiles(latencies.me)}`);
  out(`refresh: ${percentiles(latencies.refresh)}`);
  out(`keys that signed: ${[...signedBy].map(([kid, count]) => `${kid} (${count})`).join(', ')}`);
  out(`failures: ${failures.length}`);
  for (const failure of failures.slice(0, 10)) out(`  ${failure}`);

  const [client] = clients;
  if (!client) throw new Error('There is no client.');
  await refresh(client, urls[0] ?? '');
  const kid = decodeProtectedHeader(client.accessToken).kid ?? '';
  await command('keys', 'remove', kid);
  const removed = performance.now();
  const refusedAfter = await Promise.all(
    urls.map(async (url) => {
      for (;;) {
        const { status } = await send(url, meQuery, {}, { token: client.accessToken });
        const after = performance.now() - removed;
        if (status === 401 || after > 70_000) return after / 1000;
        await sleep(100);
      }
    }),
  );
  out(
    `a token of the removed key was refused after ${refusedAfter.map((after) => `${after.toFixed(1)} s`).join(' and ')}`,
  );
  if (failures.length > 0 || signedBy.size < 4 || refusedAfter.some((after) => after > 60))
    process.exitCode = 1;
} finally {
  for (const server of servers) {
    if (server.exitCode !== null) continue;
    const exited = once(server, 'exit');
    server.kill('SIGTERM');
    await exited;
  }
  await smtp.close();
  await postgres.stop();
}
