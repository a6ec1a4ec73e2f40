import { setTimeout as sleep } from 'node:timers/promises';
import { password } from '../shared/accounts.ts';
import type { Load } from '../shared/load.ts';
import { median } from '../shared/numbers.ts';
import { bothCores } from '../shared/processes.ts';
import { judge, out } from '../shared/report.ts';
import { graphqlRequest, meRequest } from '../shared/requests.ts';
import { judgeAnswers, measure, type Results } from './measure.ts';
import { loginQuery } from './passwords.ts';
import type { SignedIn } from './round.ts';
import { type Stage, stormCost } from './stage.ts';

/** Of `me`, a second. */
const pace = 200;

export type Storm = {
  readonly stage: Stage;
  readonly signedIn: readonly SignedIn[];
  readonly results: Results;
  readonly seconds: number;
  readonly rounds: number;
  /** Clients that sign in without pause. */
  readonly clients: number;
};

/**
 * `me` at its pace, alone and then beside clients that sign in without pause, at bcrypt's default
 * cost. The server has both cores: on one, a hash and a request would take turns.
 */
export async function measureStorm(storm: Storm): Promise<void> {
  const { stage, signedIn, results, seconds } = storm;
  const server = await stage.startLatchkey({
    cores: bothCores,
    env: { BCRYPT_COST: String(stormCost) },
  });
  const me: Load = {
    port: server.port,
    connections: 16,
    rate: pace,
    seconds,
    requests: signedIn.map(({ accessToken }) => meRequest(accessToken)),
    expected: signedIn.map(({ id }) => `{"data":{"me":{"id":"${id}"`),
  };
  const logins: Load = {
    port: server.port,
    connections: storm.clients,
    seconds: seconds + 3,
    requests: stage.stormAccounts.map(({ email }) =>
      graphqlRequest({ query: loginQuery, variables: { input: { email, password } } }),
    ),
    expected: ['"AuthTokens"'],
    shed: '"OVERLOADED"',
  };
  await stage.generator.run({ ...me, rate: undefined, connections: 64, seconds: 3 });
  await stage.secondGenerator.run({ ...logins, seconds: 3 });
  for (let round = 0; round < storm.rounds; round += 1) {
    const calm = await measure(stage, server, me);
    const storming = stage.secondGenerator.run(logins);
    await sleep(2000);
    const stormy = await measure(stage, server, me);
    const signIns = await storming;
    judgeAnswers(signIns);
    results.note(`me, ${pace} a second`, calm);
    results.note(`the same while ${storm.clients} sign in`, stormy);
    const perSecond = (signIns.count / signIns.seconds).toFixed(2);
    out(`  meanwhile ${perSecond} sign-ins a second at cost ${stormCost}, ${signIns.shed} shed`);
    results.add('storm', [stormy.p99 - calm.p99]);
  }
  await server.stop();
}

export function judgeStorm(results: Results): void {
  const found = results.values('storm');
  const more = median(found);
  const text = found.map((each) => each.toFixed(1)).join(', ');
  judge(
    `p99 of me while others sign in: ${more.toFixed(1)} ms more than without (${text}), at most 20`,
    more <= 20,
  );
}
