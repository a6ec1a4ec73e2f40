/**
 * Every attack of src/testing/attacks.ts against a server in a process of its own: the status, how
 * long the answer takes, and how long the server's event loop keeps others waiting. Ends with
 * status 1 where one is not 4xx, or the best of its runs is over 100 ms or blocks for more than 50
 * ms: what others on the machine take is not the server's.
 *
 *   npm run bench:attacks [-- ROUNDS=10]
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { attackRequests } from '../../src/testing/attacks.ts';
import { serveApart } from '../shared/serve-apart.ts';

const rounds = Number(process.argv[2] ?? 10);
const out = (line: string): void => void process.stdout.write(`${line}\n`);

const server = await serveApart({ bcryptCost: 12, config: { introspection: false } });
type Run = { readonly status: number; readonly took: number; readonly blocked: number };

async function run({
  path = '/graphql',
  ...init
}: (typeof attackRequests)[number]['request']): Promise<Run> {
  await server.loopDelay();
  const headers = { accept: 'application/graphql-response+json', ...init.headers };
  const begun = performance.now();
  const response = await fetch(`${server.url}${path}`, { ...init, headers });
  await response.text();
  const took = performance.now() - begun;
  await sleep(3);
  return { status: response.status, took, blocked: (await server.loopDelay()).max };
}

let failed = 0;
const all: Run[] = [];
for (const { request } of attackRequests) await run(request);
for (const { name, request } of attackRequests) {
  const runs: Run[] = [];
  for (let round = 0; round < rounds; round += 1) runs.push(await run(request));
  all.push(...runs);
  const [took, blocked] = [runs.map((each) => each.took), runs.map((each) => each.blocked)];
  const fine = runs.every(({ status }) => status >= 400 && status < 500);
  const isQuick = Math.min(...took) < 100 && Math.min(...blocked) < 50;
  if (!fine || !isQuick) failed += 1;
  const figures = `answered in ${Math.min(...took).toFixed(1)} to ${Math.max(...took).toFixed(1)} ms, loop late by ${Math.min(...blocked).toFixed(1)} to ${Math.max(...blocked).toFixed(1)} ms`;
  out(`${fine && isQuick ? 'ok  ' : 'FAIL'} ${runs[0]?.status} ${name}: ${figures}`);
}
const over = (limit: number, of: (each: Run) => number): number =>
  all.filter((each) => of(each) > limit).length;
out(
  `${attackRequests.length} attacks, ${all.length} requests: ${over(100, ({ took }) => took)} over 100 ms, ${over(50, ({ blocked }) => blocked)} with the loop late by over 50 ms; ${failed} attacks failed`,
);
await server.stop();
process.exitCode = failed === 0 ? 0 : 1;
