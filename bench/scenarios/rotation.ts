import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { migratePostgres } from '../../src/db/migrate.ts';
import { meQuery, mutate, send } from '../../src/testing/client.ts';
import { startEmbeddedPostgres } from '../../src/testing/embedded-postgres.ts';
import { startSmtpStandIn } from '../../src/testing/smtp-stand-in.ts';
import {
  commandLine,
  type Instance,
  registerAccount,
  serverEnvironment,
  startInstance,
} from '../shared/instances.ts';
import { spread } from '../shared/numbers.ts';
import { readOptions } from '../shared/options.ts';
import { judge, out } from '../shared/report.ts';

const clientCount = 16;
/** Milliseconds between two requests of a client. */
const pace = 100;
/** One of so many requests of a client is a refresh. */
const refreshEvery = 5;
/** Seconds that a key is published before it signs, the shortest that the command takes. */
const signsIn = 20;

type Client = { readonly id: string; accessToken: string; refreshToken: string };
type Environment = Readonly<Record<string, string>>;

/**
 * Steady `me` and refresh traffic on two servers through three rotations of the signing key; then
 * the key that signs is removed. Real processes, commands and time.
 */
export async function run(args: readonly string[]): Promise<void> {
  const { seconds } = readOptions(args, { seconds: 60 });
  const postgres = await startEmbeddedPostgres();
  const smtp = await startSmtpStandIn({ startTls: false });
  const env: Environment = {
    ...serverEnvironment({ databaseUrl: postgres.url, smtpPort: smtp.port }),
    JWT_ALGORITHM: 'RS256',
  };
  const servers: Instance[] = [];
  try {
    await migratePostgres(postgres.url);
    for (let n = 0; n < 2; n += 1) servers.push(await startInstance(env));
    const urls = servers.map(({ url }) => url);
    const clients: Client[] = [];
    for (let n = 0; n < clientCount; n += 1) {
      const email = `person-${n}@example.com`;
      clients.push({ ...(await registerAccount(urls[n % 2] ?? '', { email, smtp })) });
    }
    out(`${clientCount} clients on two servers, ${seconds} s`);
    const traffic = createTraffic(urls, env);
    await rotateUnderLoad({ traffic, clients, env, seconds });
    await removeKey({ traffic, client: clients[0], env, urls });
  } finally {
    for (const server of servers) await server.stop();
    await smtp.close();
    await postgres.stop();
  }
}

async function command(env: Environment, ...args: string[]): Promise<string> {
  const child = spawn(process.execPath, [...commandLine, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env,
  });
  const exited = once(child, 'exit');
  const printed = await text(child.stdout);
  const [status] = await exited;
  if (status !== 0) throw new Error(`latchkey ${args.join(' ')} ended with ${status}.`);
  return printed.trim();
}

type Traffic = ReturnType<typeof createTraffic>;

function createTraffic(urls: readonly string[], env: Environment) {
  const latencies = { me: [] as number[], refresh: [] as number[] };
  const failures: string[] = [];
  const signedBy = new Map<string, number>();
  const issuer = env['PUBLIC_URL'] ?? '';
  /** A backend that keeps our public keys for ten seconds. */
  const jwks = createRemoteJWKSet(new URL(`${urls[1]}/.well-known/jwks.json`), {
    cacheMaxAge: 10_000,
  });
  const ask = async (client: Client, url: string): Promise<void> => {
    const begun = performance.now();
    const answer = await send(url, meQuery, {}, { token: client.accessToken });
    latencies.me.push(performance.now() - begun);
    if (answer.data?.me?.id !== client.id) failures.push(answer.text.slice(0, 300));
  };
  const refresh = async (client: Client, url: string): Promise<void> => {
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
    const options = { algorithms: ['RS256'], issuer, audience: issuer };
    await jwtVerify(client.accessToken, jwks, options).catch((error) => {
      failures.push(`the backend: ${error}`);
    });
  };
  const drive = async (client: Client, until: number): Promise<void> => {
    for (let count = 0; performance.now() < until; count += 1) {
      const due = performance.now() + pace;
      const url = urls[count % 2] ?? '';
      const request = count % refreshEvery === 0 ? refresh(client, url) : ask(client, url);
      await request.catch((error: unknown) => {
        failures.push(String(error));
      });
      await sleep(Math.max(0, due - performance.now()));
    }
  };
  return { latencies, failures, signedBy, refresh, drive };
}

async function rotateUnderLoad(input: {
  traffic: Traffic;
  clients: readonly Client[];
  env: Environment;
  seconds: number;
}): Promise<void> {
  const { traffic, clients, env, seconds } = input;
  const begun = performance.now();
  const until = begun + seconds * 1000;
  const driven = Promise.all(clients.map((client) => traffic.drive(client, until)));
  // The last key signs for the last sixth at least.
  const gap = Math.max(0, (seconds * 1000 * (5 / 6) - signsIn * 1000) / 3);
  for (let rotation = 0; rotation < 3; rotation += 1) {
    await sleep(Math.max(0, begun + gap * rotation - performance.now()));
    const passed = ((performance.now() - begun) / 1000).toFixed(1);
    out(`${passed} s: ${await command(env, 'keys', 'rotate', '--signs-in', String(signsIn))}`);
  }
  await driven;
  const { latencies, failures, signedBy } = traffic;
  out(`me:      ${spread(latencies.me)}`);
  out(`refresh: ${spread(latencies.refresh)}`);
  judge(`${signedBy.size} keys have signed, at least 4`, signedBy.size >= 4);
  for (const failure of failures.slice(0, 10)) out(`  ${failure}`);
  judge(`${failures.length} requests failed, none may`, failures.length === 0);
}

async function removeKey(input: {
  traffic: Traffic;
  client: Client | undefined;
  env: Environment;
  urls: readonly string[];
}): Promise<void> {
  const { traffic, client, env, urls } = input;
  if (!client) throw new Error('There is no client.');
  await traffic.refresh(client, urls[0] ?? '');
  await command(env, 'keys', 'remove', decodeProtectedHeader(client.accessToken).kid ?? '');
  const removed = performance.now();
  const refusedAfter = async (url: string): Promise<number> => {
    for (;;) {
      const { status } = await send(url, meQuery, {}, { token: client.accessToken });
      const after = performance.now() - removed;
      if (status === 401 || after > 70_000) return after / 1000;
      await sleep(100);
    }
  };
  const seconds = await Promise.all(urls.map(refusedAfter));
  const told = seconds.map((after) => `${after.toFixed(1)} s`).join(' and ');
  judge(
    `a token of the removed key is refused after ${told}, within 60 s`,
    Math.max(...seconds) < 60,
  );
}
