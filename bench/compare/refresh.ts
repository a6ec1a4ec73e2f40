import type { Load } from '../shared/load.ts';
import { median } from '../shared/numbers.ts';
import { judge } from '../shared/report.ts';
import { graphqlRequest } from '../shared/requests.ts';
import { turnsOfMe } from './me.ts';
import { joined, measure, type Results } from './measure.ts';
import { type Round, signIn } from './round.ts';

const connections = 32;
const query = `mutation Refresh($input: RefreshSessionInput!) { refreshSession(input: $input) {
  __typename ... on AuthTokens { accessToken refreshToken } } }`;

/** Each run begins with fresh sessions: a token that was used cannot be used again. */
async function load({ servers, signedIn, seconds }: Round): Promise<Load> {
  const fresh = await signIn(servers.latchkey, signedIn.slice(0, connections));
  return {
    port: servers.latchkey.port,
    connections,
    seconds,
    requests: fresh.map(({ refreshToken }) =>
      graphqlRequest({ query, variables: { input: { refreshToken } } }),
    ),
    expected: ['"__typename":"AuthTokens"'],
    chained: true,
  };
}

export async function measureRefresh(round: Round): Promise<void> {
  const { stage, servers, results, seconds } = round;
  const pairs = await turnsOfMe(round, 16, { pairs: 2, turnSeconds: seconds / 2 });
  const floor = joined(pairs.map((pair) => pair.floor));
  // A refresh runs more code than `me` does, less often: V8 still compiles after thousands of them.
  await stage.generator.run({ ...(await load(round)), seconds: 8 });
  const refreshes = await measure(stage, servers.latchkey, await load(round));
  results.note(`refreshSession, ${connections} connections`, refreshes);
  results.add('refresh', [refreshes.microseconds / floor.microseconds]);
}

export function judgeRefresh(results: Results): void {
  const found = results.values('refresh');
  const middle = median(found);
  const text = found.map((ratio) => ratio.toFixed(2)).join(', ');
  judge(
    `processor time of a refresh: ${middle.toFixed(2)} of the floor's answer (${text}), at most 3`,
    middle <= 3,
  );
}
