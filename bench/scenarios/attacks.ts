import { setTimeout as sleep } from 'node:timers/promises';
import { type Attack, attackRequests } from '../../src/testing/attacks.ts';
import { median } from '../shared/numbers.ts';
import { readOptions } from '../shared/options.ts';
import { judge, out } from '../shared/report.ts';
import { type ServerApart, serveApart } from '../shared/serve-apart.ts';

/** Milliseconds, of the best run: what other processes on the machine take is not the server's. */
const bounds = { answer: 100, eventLoop: 50 };
/**
 * What the server itself may take, in hashes of a password at the default cost: the cheapest real
 * work that an anonymous caller can cause.
 */
const hashesOfWork = 0.25;

const harmless: Attack['request'] = {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ query: '{ authOptions { otpLength } }' }),
};

type Run = {
  readonly status: number;
  readonly took: number;
  readonly blocked: number;
  /** Milliseconds of the server's processor time. */
  readonly processor: number;
};

/**
 * Every attack of src/testing/attacks.ts against a server in a process of its own: the status, how
 * long the answer takes, how long the event loop keeps others waiting, and the processor time, with
 * a hash of a password and a harmless query beside them.
 */
export async function run(args: readonly string[]): Promise<void> {
  const { rounds } = readOptions(args, { rounds: 10 });
  const server = await serveApart({ bcryptCost: 12, config: { introspection: false } });
  for (const { request } of attackRequests) await ask(server, request);
  const hash = median(await repeat(5, () => server.hash()));
  const usual = await repeat(rounds, () => ask(server, harmless));
  out(`one hash takes ${hash.toFixed(0)} ms of processor time; a harmless query: ${text(usual)}`);
  const all: Run[] = [];
  for (const { name, request } of attackRequests) {
    const runs = await repeat(rounds, () => ask(server, request));
    all.push(...runs);
    const isRefused = runs.every(({ status }) => status >= 400 && status < 500);
    const isQuick =
      best(runs, 'took') < bounds.answer &&
      best(runs, 'blocked') < bounds.eventLoop &&
      best(runs, 'processor') < hashesOfWork * hash;
    judge(`${runs[0]?.status} ${name}: ${text(runs)}`, isRefused && isQuick);
  }
  const late = all.filter(({ blocked }) => blocked > bounds.eventLoop).length;
  out(`${all.length} requests, ${late} with the event loop late by over ${bounds.eventLoop} ms`);
  await server.stop();
}

async function ask(
  server: ServerApart,
  { path = '/graphql', ...init }: Attack['request'],
): Promise<Run> {
  await server.loopDelay();
  const before = await server.processorTime();
  const headers = { accept: 'application/graphql-response+json', ...init.headers };
  const begun = performance.now();
  const response = await fetch(`${server.url}${path}`, { ...init, headers });
  await response.text();
  const took = performance.now() - begun;
  const processor = (await server.processorTime()) - before;
  await sleep(3);
  return { status: response.status, took, blocked: (await server.loopDelay()).max, processor };
}

async function repeat<T>(times: number, work: () => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (let n = 0; n < times; n += 1) results.push(await work());
  return results;
}

function best(runs: readonly Run[], of: 'took' | 'blocked' | 'processor'): number {
  return Math.min(...runs.map((run) => run[of]));
}

function text(runs: readonly Run[]): string {
  const figures = (['took', 'blocked', 'processor'] as const).map((of) =>
    best(runs, of).toFixed(1),
  );
  const [took, blocked, processor] = figures;
  return `answered in ${took} ms, event loop late by ${blocked}, processor time ${processor}`;
}
