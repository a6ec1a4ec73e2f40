/**
 * `me` while others sign in without pause (AV-1). A server in a process of its own, at bcrypt's
 * cost of production, on an embedded PostgreSQL. Ends with status 1 where the p99 of `me` is over
 * four times its unloaded value and one hash, or one of them fails.
 *
 *   npm run bench:storm [-- SECONDS=30 [CLIENTS=64]]
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { hash } from '@node-rs/bcrypt';
import { meQuery, send } from '../../src/testing/client.ts';
import { percentile, serveApart } from '../shared/serve-apart.ts';
import type { Storm, StormAnswers } from './storm-clients.ts';

const seconds = Number(process.argv[2] ?? 30);
const clients = Number(process.argv[3] ?? 64);
const bcryptCost = 12;
/** Who asks for `me`, and milliseconds between two requests of each. */
const askers = 4;
const pace = 50;

const password = 'otter lantern gravel sunday';
const emails = Array.from({ length: clients + askers }, (_, n) => `person-${n}@example.com`);
const out = (line: string): void => void process.stdout.write(`${line}\n`);
const login = `mutation M($input: LoginInput!) { login(input: $input) { __typename ... on AuthTokens { accessToken } } }`;
const signIn = (email: string) => send(server.url, login, { input: { email, password } });

const server = await serveApart({ bcryptCost });
await server.putAccounts(emails, password);
const tokens: string[] = [];
for (const email of emails.slice(clients))
  tokens.push((await signIn(email)).data.login.accessToken);

const failures: string[] = [];
async function askMe(until: number): Promise<number[]> {
  const times: number[] = [];
  await Promise.all(
    tokens.map(async (token, n) => {
      await sleep((n * pace) / askers);
      while (performance.now() < until) {
        const begun = performance.now();
        const answer = await send(server.url, meQuery, {}, { token });
        times.push(performance.now() - begun);
        if (!answer.data?.me) failures.push(answer.text.slice(0, 200));
        await sleep(Math.max(0, pace - (performance.now() - begun)));
      }
    }),
  );
  return times;
}

const told = (name: string, times: readonly number[]): void => {
  const [half, most, worst] = [0.5, 0.99, 1].map(
    (share) => `${percentile(times, share).toFixed(1)} ms`,
  );
  out(`${name}: ${times.length}, p50 ${half}, p99 ${most}, max ${worst}`);
};

const hashes: number[] = [];
for (let n = 0; n < 5; n += 1) {
  const begun = performance.now();
  await hash(password, bcryptCost);
  hashes.push(performance.now() - begun);
}
const oneHash = percentile(hashes, 0.5);
await askMe(performance.now() + 3000);
const unloaded = await askMe(performance.now() + 10_000);
out(`one hash at cost ${bcryptCost}: ${oneHash.toFixed(0)} ms`);
told('me, unloaded', unloaded);
await server.loopDelay();

const storm: Storm = { url: server.url, emails: emails.slice(0, clients), password, seconds };
const clientsPath = fileURLToPath(new URL('storm-clients.ts', import.meta.url));
const stormers = fork(clientsPath, [JSON.stringify(storm)], { execArgv: ['--import', 'tsx'] });
const stormed = once(stormers, 'message');
const loaded = await askMe(performance.now() + seconds * 1000);
const { signedIn, shed, others }: StormAnswers = (await stormed)[0];
const delay = await server.loopDelay();

told(`me, while ${clients} clients sign in`, loaded);
told('sign-ins', signedIn);
told('refused with OVERLOADED', shed);
out(`event loop: late by ${delay.p99.toFixed(1)} ms at p99, ${delay.max.toFixed(1)} ms at most`);
const allowed = 4 * percentile(unloaded, 0.99) + oneHash;
const p99 = percentile(loaded, 0.99);
const holds = p99 < allowed && failures.length === 0 && others.length === 0 && shed.length > 0;
out(
  `p99 of me ${p99.toFixed(0)} ms, allowed ${allowed.toFixed(0)} ms; failed: ${failures.length}; other answers to sign-ins: ${others.length}`,
);
for (const text of [...failures, ...others].slice(0, 5)) out(text);
await server.stop();
process.exitCode = holds ? 0 : 1;
