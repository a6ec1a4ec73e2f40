import { anonymousRequests, sendAnonymous } from '../../src/testing/anonymous-requests.ts';
import { type DayEnd, whatGrew } from '../../src/testing/level-off.ts';
import { readOptions, UsageError } from '../shared/options.ts';
import { judge, out } from '../shared/report.ts';
import { type ServerApart, serveApart } from '../shared/serve-apart.ts';

const atOnce = 16;
const clientAddresses = 64;
const MB = 1024 * 1024;

/**
 * Anonymous requests of every kind, from many addresses and over many days, with the limits of
 * production: how much memory and how many rows stay. The server's clock advances by a day after
 * each round, and what has expired is purged. A few thousand requests are too few: the counts of
 * consecutive failures still fill up then, and are reported as growth.
 */
export async function run(args: readonly string[]): Promise<void> {
  const { requests, days } = readOptions(args, { requests: 100_000, days: 20 });
  // Unverified accounts stay for a week, so their table stops growing only then.
  if (days < 18) throw new UsageError('Fewer than 18 days are too few to judge by.');
  const server = await serveApart({
    bcryptCost: 4,
    config: { rateLimitMultiplier: 1, trustedProxies: ['127.0.0.1'] },
  });
  await server.putAccounts(['known@example.com']);
  const sender = createSender(server);
  const dayEnds: DayEnd[] = [];
  out('day  requests  heap MB  rss MB  rows');
  for (let day = 1; day <= days; day += 1) {
    const until = Math.round((requests * day) / days);
    await sender.sendUntil(until);
    await server.nextDay();
    dayEnds.push(await lookAt(server, { day, sent: until }));
  }
  const answers = [...sender.statuses].sort(([a], [b]) => a - b);
  out(`answers: ${answers.map(([status, count]) => `${status}: ${count}`).join(', ')}`);
  await server.stop();
  const grew = whatGrew(dayEnds);
  for (const line of grew) out(line);
  judge('memory and all tables but the audit trail have levelled off', grew.length === 0);
}

function createSender(server: ServerApart) {
  const statuses = new Map<number, number>();
  let challengeId = 'x'.repeat(32);
  let sent = 0;
  const send = async (n: number): Promise<void> => {
    const request = anonymousRequests[n % anonymousRequests.length]?.(n, challengeId) ?? {};
    const address = `198.51.100.${(n * 7) % clientAddresses}`;
    const answer = await sendAnonymous(server.url, request, address);
    challengeId = answer.challengeId ?? challengeId;
    statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
  };
  const keepSending = async (until: number): Promise<void> => {
    while (sent < until) {
      sent += 1;
      await send(sent);
    }
  };
  return {
    statuses,
    sendUntil: async (until: number): Promise<void> => {
      await Promise.all(Array.from({ length: atOnce }, () => keepSending(until)));
    },
  };
}

async function lookAt(
  server: ServerApart,
  { day, sent }: { day: number; sent: number },
): Promise<DayEnd> {
  const { heapUsed, rss } = await server.memory();
  const rows = await server.rows();
  const filled = Object.entries(rows).filter(([, count]) => count > 0);
  const cells = [
    String(day).padStart(3),
    String(sent).padStart(8),
    (heapUsed / MB).toFixed(1).padStart(7),
    (rss / MB).toFixed(0).padStart(6),
    filled.map(([table, count]) => `${table} ${count}`).join(', '),
  ];
  out(cells.join('  '));
  return { heapUsed, rows };
}
