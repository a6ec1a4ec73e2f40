/**
 * Anonymous requests of every kind, from many addresses and over many days, with the limits of
 * production: what of memory and rows stays. The server's clock goes on a day after each round, and
 * what is over is purged. Ends with status 1 where memory or a table did not level off. Of a few
 * thousand requests the counts of failures in a row, a few hundred rows at most, still fill up, and
 * are told of as growth.
 *
 *   npm run bench:anonymous [-- REQUESTS=100000 [DAYS=20]]
 */
import { anonymousRequests, sendAnonymous } from '../../src/testing/anonymous-requests.ts';
import { type DayEnd, whatGrew } from '../../src/testing/level-off.ts';
import { serveApart } from '../shared/serve-apart.ts';

const total = Number(process.argv[2] ?? 100_000);
const days = Number(process.argv[3] ?? 20);
const atOnce = 16;
const clientAddresses = 64;
const out = (line: string): void => void process.stdout.write(`${line}\n`);
// An account that nobody verified stays a week, so only then does its table stop growing.
if (!(days >= 18)) throw new Error('Fewer than 18 days are too few to judge by.');

const server = await serveApart({
  bcryptCost: 4,
  config: { rateLimitMultiplier: 1, trustedProxies: ['127.0.0.1'] },
});
await server.putAccounts(['known@example.com'], 'otter lantern gravel sunday');

const statuses = new Map<number, number>();
let challengeId = 'x'.repeat(32);
async function send(n: number): Promise<void> {
  const request = anonymousRequests[n % anonymousRequests.length]?.(n, challengeId) ?? {};
  const answer = await sendAnonymous(
    server.url,
    request,
    `198.51.100.${(n * 7) % clientAddresses}`,
  );
  challengeId = answer.challengeId ?? challengeId;
  statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
}

let sent = 0;
const dayEnds: DayEnd[] = [];
const MB = 1024 * 1024;
out('day  requests  heap MB  rss MB  rows');
for (let day = 1; day <= days; day += 1) {
  const until = Math.round((total * day) / days);
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (sent < until) {
        sent += 1;
        await send(sent);
      }
    }),
  );
  await server.nextDay();
  const { heapUsed, rss } = await server.memory();
  const rows = await server.rows();
  dayEnds.push({ heapUsed, rows });
  const filled = Object.entries(rows).filter(([, count]) => count > 0);
  const counts = filled.map(([table, count]) => `${table} ${count}`).join(', ');
  out(
    `${String(day).padStart(3)}  ${String(sent).padStart(8)}  ${(heapUsed / MB).toFixed(1).padStart(7)}  ${(rss / MB).toFixed(0).padStart(6)}  ${counts}`,
  );
}
out(
  `answers: ${[...statuses]
    .sort(([a], [b]) => a - b)
    .map(([status, count]) => `${status}: ${count}`)
    .join(', ')}`,
);
await server.stop();
const grew = whatGrew(dayEnds);
out(grew.length === 0 ? 'All but the audit trail has levelled off.' : grew.join('\n'));
process.exitCode = grew.length === 0 ? 0 : 1;
