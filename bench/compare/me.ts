import type { Load } from '../shared/load.ts';
import { median } from '../shared/numbers.ts';
import { memory } from '../shared/processes.ts';
import { judge, out } from '../shared/report.ts';
import { getRequest, meRequest } from '../shared/requests.ts';
import {
  joined,
  type Kind,
  kinds,
  measureInTurns,
  processorRatio,
  type Results,
  ratios,
  ratioText,
} from './measure.ts';
import type { Round } from './round.ts';

/** Of the floor's answers a second, by the number of connections. */
const least: Readonly<Record<number, number>> = { 16: 1.2, 64: 1.3 };
const warmUpSeconds = 2;

export function loadOfMe(round: Round, kind: Kind, connections: number): Load {
  const { servers, signedIn, floorTokens, seconds } = round;
  return {
    port: servers[kind].port,
    connections,
    seconds,
    requests:
      kind === 'floor'
        ? floorTokens.map((token) => getRequest('/me', token))
        : signedIn.map(({ accessToken }) => meRequest(accessToken)),
    expected: signedIn.map(
      ({ id, email }) => `{"data":{"me":{"id":"${id}","email":"${email}","name":`,
    ),
  };
}

/** Turns of `me`, after both servers were asked at full speed for as long as V8 compiles. */
export async function turnsOfMe(
  round: Round,
  connections: number,
  options: { readonly pairs: number; readonly turnSeconds: number },
) {
  const { stage, servers, results } = round;
  for (const kind of kinds) {
    const load = loadOfMe(round, kind, Math.max(16, connections));
    await stage.generator.run({ ...load, seconds: warmUpSeconds });
  }
  const side = (kind: Kind) => ({
    server: servers[kind],
    load: loadOfMe(round, kind, connections),
  });
  const sides = { floor: side('floor'), latchkey: side('latchkey') };
  const pairs = await measureInTurns(stage, sides, options);
  for (const kind of kinds) {
    const turns = pairs.map((pair) => pair[kind]);
    results.note(`me, ${connections} connections: ${kind}`, joined(turns));
  }
  results.add(`me at ${connections} processor`, [processorRatio(pairs)]);
  return pairs;
}

export async function measureMe(round: Round): Promise<void> {
  const { results, seconds } = round;
  // At one connection most of the time is the waking of processes, which on a virtual machine takes
  // twice as long from one minute to the next: turns of a fourth of a second see the same of it.
  const atOne = await turnsOfMe(round, 1, { pairs: Math.ceil(seconds / 0.25), turnSeconds: 0.25 });
  results.add(
    'p50 at 1',
    ratios(atOne, ({ p50 }) => p50),
  );
  for (const connections of [16, 64]) {
    const pairs = await turnsOfMe(round, connections, { pairs: seconds, turnSeconds: 1 });
    results.add(
      `me at ${connections}`,
      ratios(pairs, ({ perSecond }) => perSecond),
    );
  }
  const { now, most } = memory(round.servers.latchkey.pid);
  results.add('memory after me', [now]);
  out(`  ${now.toFixed(0)} MB after me, ${most.toFixed(0)} MB at most`);
}

export function judgeMe(results: Results): void {
  for (const [connections, bound] of Object.entries(least)) {
    const found = results.values(`me at ${connections}`);
    judge(
      [
        `me a second at ${connections} connections: ${ratioText(found)} of the floor`,
        `at least ${bound}; ${results.processorText(`me at ${connections}`)}`,
      ].join(', '),
      median(found) >= bound,
    );
  }
  const atOne = results.values('p50 at 1');
  judge(
    `p50 of me at 1 connection: ${ratioText(atOne)} of the floor's, at most 1.3`,
    median(atOne) <= 1.3,
  );
  const megabytes = median(results.values('memory after me'));
  judge(`memory after me: ${megabytes.toFixed(0)} MB, under 180`, megabytes < 180);
}
